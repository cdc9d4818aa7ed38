/** A bounded load on one server, that counts what got no answer. */
import http from "node:http";
import { pause, request } from "./host.ts";

export interface LoadResult {
  readonly sent: number;
  /** One line for each request that got no answer, or not 200. */
  readonly lost: readonly string[];
}

/** Between two requests of one client. */
const PAUSE_MS = 8;

/**
 * Clients with fresh connections (GET and POST) and with kept ones, each one request at a time.
 * Ends by itself after `requests`.
 */
export class Load {
  readonly #url: URL;
  readonly #lost: string[] = [];
  readonly #clients: Promise<void>[];
  #sent = 0;
  #stopped = false;
  #left: number;

  constructor(url: string, requests: number) {
    this.#url = new URL(url);
    this.#left = requests;
    const kept = () => new http.Agent({ keepAlive: true, maxSockets: 1 });
    this.#clients = [
      this.#client("fresh GET", { agent: false }),
      this.#client("fresh POST", { agent: false, method: "POST" }),
      this.#client("kept GET", { agent: kept() }),
      this.#client("kept POST", { agent: kept(), method: "POST" }),
    ];
  }

  async stop(): Promise<LoadResult> {
    this.#stopped = true;
    await Promise.all(this.#clients);
    return { sent: this.#sent, lost: this.#lost };
  }

  async #client(name: string, options: http.RequestOptions): Promise<void> {
    while (!this.#stopped && this.#left-- > 0) {
      this.#sent += 1;
      await request(this.#url, options).then(
        ({ status }) => status === 200 || this.#lost.push(`${name}: ${status}`),
        (error: NodeJS.ErrnoException) => this.#lost.push(`${name}: ${error.code ?? error.message}`),
      );
      await pause(PAUSE_MS);
    }
    if (typeof options.agent === "object") options.agent.destroy();
  }
}
