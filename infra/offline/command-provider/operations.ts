/** Runs operations with a context each, so that they can be timed out and cancelled together. */
import type { Context } from "./context.ts";
import type { Engine } from "./engine.ts";

export class OperationRunner {
  readonly #cancelled = new AbortController();
  readonly #running = new Set<Promise<unknown>>();
  engine: Engine | undefined;

  /** @param timeoutSeconds the resource's custom time-out; 0 for none. */
  async run<T>(urn: string, timeoutSeconds: number, operation: (context: Context) => Promise<T>): Promise<T> {
    const timeout = new AbortController();
    const expire = () => timeout.abort(new Error(`timed out after ${timeoutSeconds} s`));
    const timer = timeoutSeconds > 0 ? setTimeout(expire, timeoutSeconds * 1_000) : undefined;
    const running = operation({
      log: (line) => this.engine?.log(urn, "info", line, true),
      warn: (line) => this.engine?.log(urn, "warning", line, false),
      signal: AbortSignal.any([this.#cancelled.signal, timeout.signal]),
    });
    this.#running.add(running);
    try {
      return await running;
    } finally {
      clearTimeout(timer);
      this.#running.delete(running);
      await this.engine?.flush();
    }
  }

  /** Ends everything under way: process groups are killed, connections closed. */
  cancel(reason: string): Promise<unknown> {
    this.#cancelled.abort(new Error(reason));
    return Promise.allSettled(this.#running);
  }
}
