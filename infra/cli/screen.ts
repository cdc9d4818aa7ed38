/** The lower end of a terminal, drawn anew again and again, and lines for good above it. */
import { createLogUpdate } from "log-update";

/** A stream, and what it tells of itself if it goes to a terminal. */
export type Terminal = NodeJS.WritableStream & { isTTY?: boolean; columns?: number; rows?: number };

export class Screen {
  readonly #terminal: Terminal;
  readonly #update: ReturnType<typeof createLogUpdate>;
  #drawn: readonly string[] = [];

  /** @param terminal one that `canDraw` */
  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    // Hiding the cursor would bring a handler of signals with it, and those are ours.
    this.#update = createLogUpdate(terminal, { showCursor: true });
  }

  get size(): { columns: number; rows: number } {
    const { columns = 80, rows = 24 } = this.#terminal;
    return { columns, rows };
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

/** Whether lines may be drawn over: a person's terminal, not a log that only looks like one, and has no size. Pure. */
export function canDraw({ isTTY, columns, rows }: Pick<Terminal, "isTTY" | "columns" | "rows">, { TERM, CI }: NodeJS.ProcessEnv): boolean {
  return isTTY === true && columns !== 0 && rows !== 0 && TERM !== "dumb" && (CI === undefined || CI === "" || CI === "false");
}
