/** Gathers a command's output: per stream, together for error texts, and line by line for the log. */
import { StringDecoder } from "node:string_decoder";
import type { Streams } from "./context.ts";

export type Logging = "stdout" | "stderr" | "stdoutAndStderr" | "none";
type Stream = "stdout" | "stderr";

const logged: Record<Logging, readonly Stream[]> = {
  stdout: ["stdout"],
  stderr: ["stderr"],
  stdoutAndStderr: ["stdout", "stderr"],
  none: [],
};

export class Output {
  readonly #log: (line: string) => void;
  readonly #logged: readonly Stream[];
  readonly #decoders = { stdout: new StringDecoder("utf8"), stderr: new StringDecoder("utf8") };
  readonly #pending = { stdout: "", stderr: "" };
  readonly #text = { stdout: "", stderr: "" };
  #both = "";

  constructor(log: (line: string) => void, logging: Logging = "stdoutAndStderr") {
    this.#log = log;
    this.#logged = logged[logging];
  }

  /** Takes what a stream gave; lines are logged as they become whole. */
  take(stream: Stream, chunk: Buffer): void {
    const text = this.#decoders[stream].write(chunk);
    this.#text[stream] += text;
    this.#both += text;
    if (!this.#logged.includes(stream)) return;
    const lines = (this.#pending[stream] + text).split("\n");
    this.#pending[stream] = lines.pop() ?? "";
    for (const line of lines) this.#log(line.replace(/\r$/, ""));
  }

  /** Logs what is left without its newline, and gives the streams. */
  finish(): Streams {
    for (const stream of ["stdout", "stderr"] as const) {
      if (this.#pending[stream] !== "") this.#log(this.#pending[stream]);
      this.#pending[stream] = "";
    }
    return { stdout: this.#text.stdout.replace(/\n$/, ""), stderr: this.#text.stderr.replace(/\n$/, "") };
  }

  /** The error of a command that failed: how it ended, its text, and all it had written. Same words as the official provider. */
  failure(ending: string, command: string): Error {
    return new Error(`${ending}: running ${JSON.stringify(command)}:\n${this.#both}`);
  }
}

/** What the previous run had written, for the next run's environment. */
export function previousOutput(previous: Partial<Streams>, wanted: boolean | undefined): Record<string, string> {
  if (wanted === false) return {};
  return {
    ...(previous.stdout && { PULUMI_COMMAND_STDOUT: previous.stdout }),
    ...(previous.stderr && { PULUMI_COMMAND_STDERR: previous.stderr }),
  };
}
