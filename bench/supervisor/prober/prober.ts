/** The bench's end of a prober. */
import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { Lab } from "../lab.ts";
import type { ProbeLine, ProbeOptions, StreamResult } from "./report.ts";

export class Prober {
  readonly #child: ChildProcess;
  readonly #firstAnswers = new Map<number, number>();
  readonly #results: Promise<readonly StreamResult[]>;

  /** Starts at once. It runs on another Node binary than what it measures, see `Tools.node`. */
  constructor(options: ProbeOptions, lab: Lab) {
    const args = ["--disable-warning=ExperimentalWarning", join(import.meta.dirname, "main.ts"), JSON.stringify(options)];
    this.#child = lab.spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.#results = this.#read(this.#child.stdout as Readable);
    // Whoever stops it gets the error; until then it must not end the bench.
    this.#results.catch(() => {});
  }

  /** When this worker was first seen to answer, on CLOCK_MONOTONIC. */
  firstAnswerMs(pid: number): number | undefined {
    return this.#firstAnswers.get(pid);
  }

  /** Waits for the answers that are due. */
  async stop(): Promise<readonly StreamResult[]> {
    this.#child.stdin?.end();
    return this.#results;
  }

  async #read(output: Readable): Promise<readonly StreamResult[]> {
    for await (const text of createInterface({ input: output })) {
      const line = JSON.parse(text) as ProbeLine;
      if (line.kind === "results") return line.streams;
      this.#firstAnswers.set(line.pid, line.atMs);
    }
    throw new Error("the prober ended without a result");
  }
}
