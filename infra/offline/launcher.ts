/** Makes the executables by which Pulumi's engine finds the stand-ins: a folder to put on PATH. */
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { cachePath, makeOnce } from "../cache.ts";

/** The stand-ins by the name the engine looks for, and where each starts. */
const entries = {
  "pulumi-resource-command": "command-provider/main",
  "pulumi-language-nodejs": "language-host/main",
} as const;

export type StandIn = keyof typeof entries;

/** The folder with one executable, which runs the stand-in with the Node that runs this. */
export function standInFolder(name: StandIn): Promise<string> {
  const script = launcher(process.execPath, join(import.meta.dirname, entries[name] + extname(import.meta.filename)));
  const key = createHash("sha256").update(script).digest("hex").slice(0, 16);
  return makeOnce(cachePath("tools", `${name}-stand-in-${key}`), async (folder) => {
    mkdirSync(folder);
    writeFileSync(join(folder, name), script);
    chmodSync(join(folder, name), 0o755);
  });
}

/** Pure: the launcher's text. */
export function launcher(node: string, entry: string): string {
  return `#!/bin/sh\nexec ${quoted(node)} --disable-warning=ExperimentalWarning ${quoted(entry)} "$@"\n`;
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** Whether an executable is one of the stand-ins. */
export const isStandIn = (path: string): boolean => /-stand-in-[0-9a-f]{16}$/.test(dirname(path));
