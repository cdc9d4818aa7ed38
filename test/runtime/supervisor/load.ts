/** A bounded load on one server, that tells what got no answer. */
import http from "node:http";
import type { TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { request, type RequestError, type RequestOptions } from "./client.ts";

/** A request that got no answer, or not 200. */
export interface Loss {
  readonly client: string;
  readonly why: string;
  readonly startedMs: number;
  readonly endedMs: number;
  /** Of the worker that had answered on the same connection before; null on a fresh one. */
  readonly pid: number | null;
}

export interface LoadResult {
  readonly sent: number;
  readonly losses: readonly Loss[];
  /** One line for each. */
  readonly lost: readonly string[];
}

/** Between two requests of one client. */
const PAUSE_MS = 8;
const SLOW_BODY = { method: "POST", pieces: 5, pieceMs: 40 } as const;

/** Where to: a URL, or a unix socket. */
export type Target = string | { readonly socketPath: string };

/**
 * Clients with fresh connections and with kept ones: GET, POST, and POST with a body that comes in pieces. Each has one
 * request at a time. Ends by itself after `requests`.
 */
export class Load {
  static readonly clients = 6;
  readonly #url: URL;
  readonly #where: http.RequestOptions;
  readonly #losses: Loss[] = [];
  readonly #clients: Promise<void>[];
  #sent = 0;
  #stopped = false;
  #left: number;

  /** It ends with the test at the latest. */
  constructor(t: TestContext, target: Target, requests: number) {
    t.after(() => this.stop());
    this.#url = new URL(typeof target === "string" ? target : "http://localhost/");
    this.#where = typeof target === "string" ? {} : target;
    this.#left = requests;
    const kept = (): http.Agent => new http.Agent({ keepAlive: true, maxSockets: 1 });
    this.#clients = [
      this.#client("fresh GET", { agent: false }),
      this.#client("fresh POST", { agent: false, method: "POST" }),
      this.#client("fresh slow POST", { agent: false, ...SLOW_BODY }),
      this.#client("kept GET", { agent: kept() }),
      this.#client("kept POST", { agent: kept(), method: "POST" }),
      this.#client("kept slow POST", { agent: kept(), ...SLOW_BODY }),
    ];
  }

  get sent(): number {
    return this.#sent;
  }

  async stop(): Promise<LoadResult> {
    this.#stopped = true;
    await Promise.all(this.#clients);
    return {
      sent: this.#sent,
      losses: this.#losses,
      lost: this.#losses.map((loss) => `${loss.client}: ${loss.why} (pid ${loss.pid ?? "unknown"})`),
    };
  }

  async #client(client: string, options: RequestOptions): Promise<void> {
    let lastPid: number | null = null;
    while (!this.#stopped && this.#left-- > 0) {
      this.#sent += 1;
      const startedMs = performance.now();
      const lose = (why: string, pid: number | null): void =>
        void this.#losses.push({ client, why, startedMs, endedMs: performance.now(), pid });
      await request(this.#url, { ...this.#where, ...options }).then(
        ({ status, body }) => {
          lastPid = pidOf(body);
          if (status !== 200) lose(`status ${status}`, lastPid);
        },
        ({ code, message, reused }: RequestError) => lose(code ?? message, reused === true ? lastPid : null),
      );
      await pause(PAUSE_MS);
    }
    if (typeof options.agent === "object") options.agent.destroy();
  }
}

/** As the apps for tests answer. */
export const pidOf = (body: string): number => Number(/"pid":\s*(\d+)/.exec(body)?.[1]);
