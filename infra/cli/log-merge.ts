/** Puts the lines of several sources, each in its own order, into one order. Pure: time is given. */

interface Held<T> {
  at: number;
  arrivedMs: number;
  item: T;
}

export interface MergeOptions {
  /** A line waits this long for an earlier one of a silent source. Infinity: until each source has spoken or ended. */
  windowMs: number;
  /** With more lines than this held back, the earliest goes out whoever is silent. */
  maxHeld: number;
}

export class Merge<T> {
  readonly #queues = new Map<string, Held<T>[]>();
  readonly #open = new Set<string>();
  readonly #options: MergeOptions;

  constructor(sources: readonly string[], options: MergeOptions) {
    this.#options = options;
    for (const source of sources) {
      this.#queues.set(source, []);
      this.#open.add(source);
    }
  }

  /** @param at when it was written, in any unit that all sources share */
  push(source: string, at: number, item: T, nowMs: number): void {
    this.#queues.get(source)?.push({ at, item, arrivedMs: nowMs });
  }

  /** Nothing more will come from this source: nobody waits for it any longer. */
  end(source: string): void {
    this.#open.delete(source);
  }

  /** Lines of this source that wait. */
  held(source: string): number {
    return this.#queues.get(source)?.length ?? 0;
  }

  /** What can be told now, in order. */
  take(nowMs: number): T[] {
    const out: T[] = [];
    for (;;) {
      const queue = this.#earliest();
      const head = queue?.[0];
      if (queue === undefined || head === undefined) return out;
      if (!this.#allSpoke() && nowMs - head.arrivedMs < this.#options.windowMs && this.#total() <= this.#options.maxHeld) return out;
      queue.shift();
      out.push(head.item);
    }
  }

  #earliest(): Held<T>[] | undefined {
    let found: Held<T>[] | undefined;
    for (const queue of this.#queues.values()) {
      const head = queue[0];
      if (head !== undefined && (found?.[0] === undefined || head.at < found[0].at)) found = queue;
    }
    return found;
  }

  #allSpoke(): boolean {
    return [...this.#open].every((source) => this.held(source) > 0);
  }

  #total(): number {
    return [...this.#queues.values()].reduce((sum, queue) => sum + queue.length, 0);
  }
}
