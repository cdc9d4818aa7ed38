/** A worker's output: passed on line by line with a prefix, the last lines kept. */
import type { Readable } from "node:stream";

/** Enough for a Python traceback's end, few enough to read. */
const TAIL_LINES = 30;
/** A line longer than this is passed on in pieces: a worker that never ends a line must not fill our memory. */
const LONGEST_LINE = 16_384;

export class Tail {
  readonly #lines: string[] = [];

  get lines(): readonly string[] {
    return this.#lines;
  }

  push(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > TAIL_LINES) this.#lines.shift();
  }
}

/** Calls `take` for each line of a stream, without its end of line; the last one may lack it. */
export function eachLine(stream: Readable, take: (line: string) => void): void {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) take(line);
    if (rest.length <= LONGEST_LINE) return;
    take(rest);
    rest = "";
  });
  stream.on("end", () => {
    if (rest !== "") take(rest);
  });
  // A reset is how some workers' ends look; the exit event says all there is to say.
  stream.on("error", () => {});
}
