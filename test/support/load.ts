/**
 * A bounded open-loop load over HTTPS: requests leave by the clock, however long answers take. Fresh and kept connections, GET and
 * POST, to one machine or several; every failure is kept with its reason.
 */
import { Agent, request } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";

export interface LoadOptions {
  /** For example `https://10.213.1.11`; several are asked in turn. */
  origin: string | readonly string[];
  caPem: string;
  /** The name to ask for, where the origin has an address. */
  servername?: string;
  /** To all origins together. */
  requestsPerSecond: number;
  /** The load ends by itself after this many requests, whoever forgets to stop it. */
  maxRequests: number;
}

/** A request that is worth a word; the times are of `performance.now()`. */
export interface Told {
  origin: string;
  startedMs: number;
  endedMs: number;
  what: string;
}

export interface LoadResult {
  sent: number;
  failures: string[];
  /** Those that were not answered with 200. */
  lost: Told[];
  /** Those that took longer than a second. */
  slow: Told[];
  worstMs: number;
  /** Distinct bodies of successful GETs, in the order they were first seen. */
  bodies: string[];
}

export interface Load {
  /** Ends the load and waits for the answers that are still due. */
  stop(): Promise<LoadResult>;
  /** The same result while it goes on. */
  readonly result: LoadResult;
  /** No connection to this origin is used again: for a machine that was cut off, whose connections are dead. */
  renew(origin: string): void;
}

const REQUEST_TIMEOUT_MS = 20_000;
const SLOW_MS = 1_000;
/** A kept connection is asked again before it counts as idle for long. */
const SOCKETS = { maxSockets: Number.POSITIVE_INFINITY, maxFreeSockets: 8 };

/** Starts the load. */
export function startLoad({ origin, caPem, servername, requestsPerSecond, maxRequests }: LoadOptions): Load {
  const origins = typeof origin === "string" ? [origin] : origin;
  const result: LoadResult = { sent: 0, failures: [], lost: [], slow: [], worstMs: 0, bodies: [] };
  const trust = { ca: caPem, ...(servername === undefined ? {} : { servername }) };
  const keeping = (): Agent => new Agent({ ...trust, keepAlive: true, ...SOCKETS });
  const kept = new Map(origins.map((one) => [one, keeping()]));
  const fresh = new Agent({ ...trust, keepAlive: false });
  const pending = new Set<Promise<void>>();
  const startedMs = performance.now();
  let stopped = false;
  const send = (): void => {
    const number = result.sent++;
    const to = origins[number % origins.length] ?? "";
    const round = Math.floor(number / origins.length);
    const agent = round % 2 === 0 ? (kept.get(to) ?? fresh) : fresh;
    const one = ask(to, agent, round % 4 < 2 ? "GET" : "POST", result);
    pending.add(one);
    void one.finally(() => pending.delete(one));
  };
  const pacing = (async () => {
    while (!stopped && result.sent < maxRequests) {
      const due = Math.floor(((performance.now() - startedMs) * requestsPerSecond) / 1000) + 1;
      while (result.sent < Math.min(due, maxRequests)) send();
      await sleep(1000 / requestsPerSecond);
    }
  })();
  return {
    result,
    renew: (one) => {
      kept.get(one)?.destroy();
      kept.set(one, keeping());
    },
    stop: async () => {
      stopped = true;
      await pacing;
      await Promise.all(pending);
      for (const agent of kept.values()) agent.destroy();
      return result;
    },
  };
}

/**
 * What a reload of Caddy doesn't account for. Go's server closes a connection whose first request it hasn't read yet, and a kept one in the
 * moment it is asked again (docs/protocols.md): a few in a reload, each told by the client as a closed connection, never by a status.
 * @param reloads how many there were
 */
export function notOfReload(failures: readonly string[], reloads = 1): string[] {
  const closed = failures.filter((failure) => /socket hang up|ECONNRESET/.test(failure)).slice(0, LOST_IN_A_RELOAD * reloads);
  return failures.filter((failure) => !closed.includes(failure));
}

/** Seen at 40 requests a second. */
const LOST_IN_A_RELOAD = 3;

function ask(origin: string, agent: Agent, method: "GET" | "POST", result: LoadResult): Promise<void> {
  const startedMs = performance.now();
  const sent = JSON.stringify({ number: result.sent });
  return new Promise((resolve) => {
    const finish = (failure?: string): void => {
      const endedMs = performance.now();
      result.worstMs = Math.max(result.worstMs, endedMs - startedMs);
      const about = `${method} ${agent.options.keepAlive === true ? "kept" : "fresh"} after ${Math.round(endedMs - startedMs)} ms`;
      if (endedMs - startedMs > SLOW_MS) result.slow.push({ origin, startedMs, endedMs, what: about });
      if (failure !== undefined) {
        result.failures.push(`${about}: ${failure}`);
        result.lost.push({ origin, startedMs, endedMs, what: `${about}: ${failure}` });
      }
      resolve();
    };
    const outgoing = request(
      method === "GET" ? `${origin}/` : `${origin}/echo`,
      { agent, method, headers: { "content-type": "application/json" }, timeout: REQUEST_TIMEOUT_MS },
      (response) => {
        let body = "";
        response.on("data", (chunk: Buffer) => (body += chunk.toString()));
        response.on("error", (error) => finish(error.message));
        response.on("end", () => {
          if (response.statusCode !== 200) return finish(`status ${response.statusCode} ${body.slice(0, 200)}`);
          if (method === "GET" && !result.bodies.includes(body)) result.bodies.push(body);
          finish();
        });
      },
    );
    outgoing.on("timeout", () => outgoing.destroy(new Error("timed out")));
    outgoing.on("error", (error) => finish(error.message));
    outgoing.end(method === "POST" ? sent : undefined);
  });
}
