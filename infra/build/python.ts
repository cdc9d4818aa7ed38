/** The Python packages of a release: fetched once per lock file and target, the same on every computer. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hashOf } from "../../runtime/manifest.ts";
import { cachePath, makeOnce } from "../cache.ts";
import { describe, PIP_FOR_TARGET, type PythonTarget, pipArguments, pipEnvironment, pipFailure, pipMissing } from "./pip.ts";
import { normalName, type Pin, type PythonLock, REQUIREMENTS, requireAllPinned } from "./requirements.ts";
import { runTool, type ToolResult } from "./tool.ts";

/** Bumped when the same lock file is to give other packages. */
const RECIPE = 1;

/**
 * A folder of site-packages for the target.
 * @throws FleetError when pip is missing or fails, a package has no wheel, or one isn't in the lock
 */
export function pythonPackages(dir: string, lock: PythonLock, target: PythonTarget, say: (line: string) => void): Promise<string> {
  const { arch, python } = target;
  const key = hashOf({ recipe: RECIPE, files: lock.files, arch, python });
  return makeOnce(cachePath("packages", "python", key), async (temporary) => {
    say(`fetching the app's packages for ${describe(target)}`);
    mkdirSync(temporary);
    await install(target, join(dir, REQUIREMENTS), temporary);
    requireAllPinned(installedIn(temporary), lock.pins);
    makeDeterministic(temporary);
  });
}

/** In the root folder, as modules in the working folder would shadow Python's own. */
async function install(target: PythonTarget, requirements: string, into: string): Promise<void> {
  const args = ["-c", PIP_FOR_TARGET, ...pipArguments(target, requirements, into)];
  let last: ToolResult | undefined;
  for (const python of pythons()) {
    last = await runTool(python, args, { cwd: "/", env: { ...process.env, ...pipEnvironment } });
    if (last.outcome === "ok") return;
    if (last.outcome === "failed" && !last.stderr.includes("No module named 'pip'")) throw pipFailure(last.stderr, target);
  }
  throw pipMissing(last?.outcome === "failed" ? last.stderr.trim().split("\n").slice(-2) : []);
}

/** A virtual environment may come without pip; the system's Python then serves as well. */
function pythons(): string[] {
  return ["python3", "python", "/usr/bin/python3"];
}

function installedIn(folder: string): Pin[] {
  return readdirSync(folder).flatMap((name) => {
    const match = /^(.+)-([^-]+)\.dist-info$/.exec(name);
    return match?.[1] === undefined || match[2] === undefined ? [] : [{ name: normalName(match[1]), version: match[2] }];
  });
}

/** Scripts carry the path of the Python that ran pip; RECORD has their hashes, and its order is pip's own. */
function makeDeterministic(folder: string): void {
  rmSync(join(folder, "bin"), { recursive: true, force: true });
  for (const name of readdirSync(folder).filter((entry) => entry.endsWith(".dist-info"))) {
    const record = join(folder, name, "RECORD");
    const lines = readFileSync(record, "utf8")
      .split("\n")
      .filter((line) => line !== "" && !line.includes("../bin/") && !line.startsWith("bin/"));
    writeFileSync(record, `${lines.sort().join("\n")}\n`);
  }
}
