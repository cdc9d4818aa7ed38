/** The journal as it grows, in portions: what isn't taken yet waits in the journal, not in memory. */
import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { type Entry, parseEntry } from "../agent/journal-lines.ts";
import { Lines } from "./lines.ts";

/** Of a portion, as journalctl writes it; one more piece of its output may come on top. */
const PORTION_BYTES = 1_048_576;
/** So long lines are gathered: fewer questions to AWS, and still soon there. */
const GATHER_MS = 2_000;
/** With no place to go on from, as at the first start: a rollout that has brought this is in it. */
const FIRST_SINCE = "-1h";

/** Everything, to be looked through here: journalctl looks for a pattern's units only once, and generations come and go. */
export function followArguments(cursor: string | undefined): string[] {
  const fields = ["--output=json", "--output-fields=MESSAGE,UNIT,_SYSTEMD_UNIT", "--all", "--no-pager", "--quiet"];
  return [...fields, "--follow", "--no-tail", cursor === undefined ? `--since=${FIRST_SINCE}` : `--after-cursor=${cursor}`];
}

export interface Portion {
  entries: Entry[];
  /** Entries that were too long to be read. */
  leftOut: number;
}

export class Journal {
  readonly #child;
  readonly #lines = new Lines();
  #entries: Entry[] = [];
  #bytes = 0;
  #errors = "";
  #ended = false;
  #wake: () => void = () => undefined;

  /** @param cursor of the last entry that was taken */
  constructor(cursor: string | undefined) {
    const env = { ...process.env, LC_ALL: "C.UTF-8", SYSTEMD_COLORS: "0" };
    this.#child = spawn("journalctl", followArguments(cursor), { stdio: ["ignore", "pipe", "pipe"], env });
    this.#child.stdout.setEncoding("utf8").on("data", (text: string) => this.#take(text));
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => (this.#errors = (this.#errors + text).slice(-2_000)));
    this.#child.on("error", (error) => (this.#errors = error.message));
    this.#child.on("close", () => {
      this.#ended = true;
      this.#wake();
    });
  }

  /** What has come, once something has. @throws Error with journalctl's words, when it has ended by itself */
  async next(signal: AbortSignal): Promise<Portion> {
    const woken = new Promise<void>((resolve) => (this.#wake = resolve));
    signal.addEventListener("abort", this.#wake, { once: true });
    if (this.#entries.length === 0 && this.#bytes < PORTION_BYTES && !this.#ended && !signal.aborted) await woken;
    signal.removeEventListener("abort", this.#wake);
    if (this.#bytes < PORTION_BYTES && !this.#ended) await sleep(GATHER_MS, undefined, { signal }).catch(() => undefined);
    if (this.#ended && this.#entries.length === 0 && !signal.aborted) {
      throw new Error(`journalctl has ended: ${this.#errors.trim() || "it doesn't say why"}`);
    }
    return this.rest();
  }

  /** What has come, without waiting. */
  rest(): Portion {
    const portion = { entries: this.#entries, leftOut: this.#lines.leftOut() };
    this.#entries = [];
    this.#bytes = 0;
    this.#child.stdout.resume();
    return portion;
  }

  close(): void {
    this.#child.kill();
  }

  #take(text: string): void {
    this.#bytes += text.length;
    for (const line of this.#lines.push(text)) {
      const entry = parseEntry(line);
      if (entry !== undefined) this.#entries.push(entry);
    }
    const full = this.#bytes >= PORTION_BYTES;
    if (full) this.#child.stdout.pause();
    // A portion may be full of a single entry that hasn't ended.
    if (full || this.#entries.length > 0) this.#wake();
  }
}
