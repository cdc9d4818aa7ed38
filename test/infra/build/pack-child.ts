/** Run as a process of its own, with another umask: makes the sample folder in argv[2], packs it, prints the sha256. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { writeArchive } from "../../../infra/build/archive.ts";
import { readTree } from "../../../infra/build/tree.ts";
import { type Files, fill } from "./folders.ts";

export const sample: Files = {
  "app/main.py": "app = 1\n",
  "app/run.sh": { text: "#!/bin/sh\n", executable: true },
  "app/empty": "",
  "app/current": { to: "../app/main.py" },
  "release.json": "{}\n",
};

export async function packSample(folder: string, files: Files = sample): Promise<string> {
  mkdirSync(join(folder, "tree"));
  const { sha256 } = await writeArchive(readTree(fill(join(folder, "tree"), files)), join(folder, "out.tar.gz"));
  return sha256;
}

if (import.meta.main) console.log(await packSample(process.argv[2] ?? "."));
