/** Finding and running programs. */
import { execFile } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Reports one step to the person who watches. */
export type Say = (line: string) => void;

/** The first executable of that name on PATH. */
export function onPath(name: string, path = process.env["PATH"] ?? ""): string | undefined {
  return path
    .split(delimiter)
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

export interface Ended {
  ok: boolean;
  stdout: string;
  /** Both streams' last lines, for error messages. */
  lastLines: string[];
}

/** Runs a program to its end; a failure or a time-out is an answer, not an exception. */
export function execute(
  program: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; timeoutMs?: number; stdin?: string | undefined } = {},
): Promise<Ended> {
  const { cwd, env = process.env, timeoutMs = 0, stdin } = options;
  return new Promise((resolve) => {
    const child = execFile(program, args, { cwd, env, timeout: timeoutMs, maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      const lines = `${stdout}\n${stderr}\n${error?.killed ? `stopped after ${timeoutMs / 1_000} s` : ""}`.split("\n");
      const lastLines = lines.filter((line) => line.trim() !== "").slice(-12);
      resolve({ ok: error === null, stdout, lastLines });
    });
    // What doesn't read its input to the end says so by its exit code.
    if (stdin !== undefined) child.stdin?.on("error", () => undefined).end(stdin);
  });
}
