/** Looks for secrets where none may be: in text, in processes, on a disk. */
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

/** What a leaked value looks like: itself, its lines, and both in JSON and base64; as bytes. */
export function tracesOf(value: string): Buffer[] {
  const texts = [value, ...value.split("\n").filter((line) => line.length >= 12)];
  const forms = texts.flatMap((text) => [
    text,
    JSON.stringify(text).slice(1, -1),
    Buffer.from(text)
      .toString("base64")
      .replace(/.?.?=*$/, ""),
  ]);
  return [...new Set(forms)].map((form) => Buffer.from(form));
}

/** Whether any of the traces is in it. */
export function leaks(traces: readonly Buffer[], content: string | Buffer): boolean {
  const bytes = Buffer.from(content);
  return traces.some((trace) => bytes.includes(trace));
}

/** Files below a folder that hold a trace, or have one in their name; by their path in it. */
export function leakingFiles(traces: readonly Buffer[], folder: string, at = folder): string[] {
  return readdirSync(at).flatMap((name) => {
    const path = join(at, name);
    const found = lstatSync(path);
    if (found.isDirectory()) return leakingFiles(traces, folder, path);
    return leaks(traces, name) || (found.isFile() && leaks(traces, readFileSync(path))) ? [relative(folder, path)] : [];
  });
}

/** A file of each process of this computer, those of its machines among them; a process that has gone has none. */
export function processFiles(file: "cmdline" | "environ"): { pid: string; content: Buffer }[] {
  return readdirSync("/proc")
    .filter((pid) => /^\d+$/.test(pid))
    .flatMap((pid) => {
      try {
        return [{ pid, content: readFileSync(`/proc/${pid}/${file}`) }];
      } catch {
        return [];
      }
    });
}

/** The number that a process has within its machine. */
export function pidInside(pid: string): number {
  return Number(/^NSpid:.*\s(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
}

/** Watches the command lines of all processes of this computer, until it is stopped. */
export function watchCommandLines(traces: readonly Buffer[]): { stop(): string[] } {
  const found = new Set<string>();
  const look = (): void => {
    for (const { content } of processFiles("cmdline")) if (leaks(traces, content)) found.add(content.toString().replaceAll("\0", " "));
  };
  const timer = setInterval(look, 50);
  return { stop: () => (clearInterval(timer), [...found]) };
}
