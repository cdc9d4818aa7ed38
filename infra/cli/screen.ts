/** The lower end of a terminal, drawn anew again and again, and lines for good above it. */
import { createLogUpdate } from "log-update";

/** A stream that goes to a terminal. */
export type Terminal = NodeJS.WritableStream & { columns?: number; rows?: number };

const DEFAULT_SIZE = { columns: 80, rows: 24 };

export class Screen {
  readonly #terminal: Terminal;
  readonly #update: ReturnType<typeof createLogUpdate>;
  #drawn: readonly string[] = [];

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    // Hiding the cursor would bring a handler of signals with it, and those are ours.
    this.#update = createLogUpdate(terminal, { showCursor: true });
  }

  get size(): { columns: number; rows: number } {
    return { columns: this.#terminal.columns || DEFAULT_SIZE.columns, rows: this.#terminal.rows || DEFAULT_SIZE.rows };
  }

  /** Puts these lines where the ones before stood. */
  draw(lines: readonly string[]): void {
    if (lines.length > 0) this.#update(lines.join("\n"));
    else if (this.#drawn.length > 0) this.#update.clear();
    this.#drawn = lines;
  }

  /** A line that stays, above what is drawn. */
  print(text: string): void {
    this.#update.persist(text);
    this.draw(this.#drawn);
  }
}

/** Whether lines may be drawn over: a person's terminal, not a log that only looks like one. Pure. */
export function canDraw(isTTY: boolean | undefined, { TERM, CI }: NodeJS.ProcessEnv): boolean {
  return isTTY === true && TERM !== "dumb" && (CI === undefined || CI === "" || CI === "false");
}
