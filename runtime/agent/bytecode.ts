/** Python's bytecode: made once for all workers, which can't write it themselves. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Agent } from "./context.ts";
import { diskFull } from "./disk.ts";

/** From here on, processes beside each other are worth their start. */
const MANY_FILES = 50;

/**
 * `unchecked-hash`: never compared with its source, as neither changes. Its failures are not ours to judge: packages carry
 * templates and old syntax that nobody imports.
 * @param part of `folder`; nothing happens where it isn't there
 * @param target what `folder` will be called, for tracebacks
 * @throws AgentFailure when the disk is full
 */
export async function compilePython(agent: Agent, folder: string, part: string, target: string): Promise<void> {
  const sources = pythonFiles(join(folder, part));
  if (sources === 0) return;
  const { code, stdout, stderr } = await agent.run("python3", [
    "-m",
    "compileall",
    "-q",
    "-j",
    sources < MANY_FILES ? "1" : "0",
    "--invalidation-mode",
    "unchecked-hash",
    "-s",
    folder,
    "-p",
    target,
    join(folder, part),
  ]);
  if (code !== 0 && /No space left/.test(stdout + stderr)) throw diskFull(target, "the disk was full while compiling Python's bytecode");
}

function pythonFiles(folder: string): number {
  try {
    return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".py")).length;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return 0;
    throw error;
  }
}
