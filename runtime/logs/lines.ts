/** Lines out of pieces of text, none longer than a bound: an entry without end must not fill our memory. Pure but for what it keeps. */

/** An app can write an entry of any length to the journal's own socket. */
export const LONGEST_LINE = 2_097_152;

export class Lines {
  #rest = "";
  #state: "reading" | "skipping" = "reading";
  #leftOut = 0;

  /** @returns the lines that this piece ends */
  push(text: string): string[] {
    const pieces = text.split("\n");
    const unfinished = pieces.pop() ?? "";
    const lines = pieces.map((piece) => this.#end(piece)).filter((line) => line !== undefined);
    this.#rest = this.#state === "reading" ? this.#rest + unfinished : "";
    if (this.#rest.length > LONGEST_LINE) {
      this.#state = "skipping";
      this.#rest = "";
      this.#leftOut += 1;
    }
    return lines;
  }

  /** How many were too long, since it was asked last. */
  leftOut(): number {
    const count = this.#leftOut;
    this.#leftOut = 0;
    return count;
  }

  #end(piece: string): string | undefined {
    const line = this.#rest + piece;
    const whole = this.#state === "reading";
    this.#state = "reading";
    this.#rest = "";
    return whole ? line : undefined;
  }
}
