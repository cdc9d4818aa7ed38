/** Runs the system's tools. */
import { execFile } from "node:child_process";
import { basename } from "node:path";
import { FleetError } from "../../errors.ts";

/** An ordinary user's PATH, and sudo's on some systems, lacks the system's own folders. */
export function systemPath(): string {
  return `${process.env.PATH ?? "/usr/bin:/bin"}:/usr/sbin:/sbin`;
}

/**
 * Runs a program to its end and returns its standard output.
 * @param options.input goes to its standard input
 * @throws FleetError with the program's last words
 */
export function run(program: string, args: readonly string[], options: { input?: string; timeoutMs?: number } = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      program,
      args,
      { env: { ...process.env, PATH: systemPath(), LC_ALL: "C" }, timeout: options.timeoutMs ?? 60_000, killSignal: "SIGKILL" },
      (error, stdout, stderr) => {
        if (error === null) return resolve(stdout);
        const how = error.killed === true ? "took too long and was stopped" : `failed (${error.code ?? error.signal ?? "?"})`;
        reject(new FleetError(`${basename(program)} ${how}: ${args.join(" ")}`, { log: lastLines(`${stdout}\n${stderr}`, 8) }));
      },
    );
    // A program that ends without reading its input says why on stderr; EPIPE adds nothing.
    child.stdin?.on("error", () => {});
    child.stdin?.end(options.input ?? "");
  });
}

export function lastLines(text: string, count: number): string[] {
  return text
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "")
    .slice(-count);
}
