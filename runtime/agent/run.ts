/** Runs a tool of the machine and collects what it said. */
import { spawn } from "node:child_process";

export interface Ran {
  /** Exit code; 127 when the tool doesn't exist, 128 when a signal ended it. */
  code: number;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  /** Ends the tool. */
  signal?: AbortSignal | undefined;
  /** Further descriptors for the tool, from number 3 on. */
  descriptors?: number[];
}

/** Injected, so that tests need no systemd. Never throws: a failure is a code. */
export type Run = (command: string, args: string[], options?: RunOptions) => Promise<Ran>;

export const run: Run = (command, args, options = {}) =>
  new Promise((resolve) => {
    const child = spawn(command, args, {
      stdio: ["ignore", "pipe", "pipe", ...(options.descriptors ?? [])],
      // Tools' messages are matched and shown: always in English.
      env: {
        ...process.env,
        LC_ALL: "C.UTF-8",
        SYSTEMD_COLORS: "0",
        SYSTEMD_PAGER: "",
      },
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    const said = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name]?.setEncoding("utf8").on("data", (text: string) => {
        said[name] += text;
      });
    }
    child.on("error", (error: NodeJS.ErrnoException) =>
      resolve({
        ...said,
        code: error.code === "ENOENT" ? 127 : 128,
        stderr: said.stderr + error.message,
      }),
    );
    child.on("close", (code) => resolve({ ...said, code: code ?? 128 }));
  });
