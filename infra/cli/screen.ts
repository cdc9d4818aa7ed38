/** The lower end of a terminal, drawn anew again and again, and lines for good above it. */

export interface Terminal {
  write(text: string): unknown;
  columns?: number;
  rows?: number;
}

const DEFAULT_SIZE = { columns: 80, rows: 24 };

export class Screen {
  readonly #terminal: Terminal;
  #drawn: readonly string[] = [];

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  get size(): { columns: number; rows: number } {
    return { columns: this.#terminal.columns || DEFAULT_SIZE.columns, rows: this.#terminal.rows || DEFAULT_SIZE.rows };
  }

  /** Puts these lines where the ones before stood. */
  draw(lines: readonly string[]): void {
    if (lines.join("\n") === this.#drawn.join("\n")) return;
    this.#put("", lines);
  }

  /** A line that stays, above what is drawn. */
  print(text: string): void {
    this.#put(`${text}\n`, this.#drawn);
  }

  /** In one write, so that nothing flickers. */
  #put(above: string, lines: readonly string[]): void {
    const up = this.#drawn.length === 0 ? "" : `\u001b[${this.#drawn.length}A\r\u001b[J`;
    this.#terminal.write(`${up}${above}${lines.map((line) => `${line}\n`).join("")}`);
    this.#drawn = lines;
  }
}

/** Whether lines may be drawn over: a person's terminal, not a log that only looks like one. Pure. */
export function canDraw(isTTY: boolean | undefined, { TERM, CI }: NodeJS.ProcessEnv): boolean {
  return isTTY === true && TERM !== "dumb" && (CI === undefined || CI === "" || CI === "false");
}
