/** A bounded, steady load over HTTPS: fresh and kept connections, GET and POST; every failure is kept with its reason. */
import { Agent, request } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";

export interface LoadOptions {
  /** For example `https://10.213.1.11`. */
  origin: string;
  caPem: string;
  /** The name to ask for, where the origin has an address. */
  servername?: string;
  requestsPerSecond: number;
  /** The load ends by itself after this many requests, whoever forgets to stop it. */
  maxRequests: number;
}

export interface LoadResult {
  sent: number;
  failures: string[];
  worstMs: number;
  /** Distinct bodies of successful GETs, in the order they were first seen. */
  bodies: string[];
}

const REQUEST_TIMEOUT_MS = 20_000;

/** Starts the load; `stop` ends it and waits for the answers that are still due. */
export function startLoad(options: LoadOptions): { stop(): Promise<LoadResult> } {
  const result: LoadResult = { sent: 0, failures: [], worstMs: 0, bodies: [] };
  const trust = { ca: options.caPem, ...(options.servername === undefined ? {} : { servername: options.servername }) };
  const kept = new Agent({ ...trust, keepAlive: true, maxSockets: 8 });
  const fresh = new Agent({ ...trust, keepAlive: false });
  const pending = new Set<Promise<void>>();
  let stopped = false;
  const pacing = (async () => {
    while (!stopped && result.sent < options.maxRequests) {
      const number = result.sent++;
      const one = ask(options.origin, number % 2 === 0 ? kept : fresh, number % 4 < 2 ? "GET" : "POST", result);
      pending.add(one);
      void one.finally(() => pending.delete(one));
      await sleep(1000 / options.requestsPerSecond);
    }
  })();
  return {
    stop: async () => {
      stopped = true;
      await pacing;
      await Promise.all(pending);
      kept.destroy();
      return result;
    },
  };
}

function ask(origin: string, agent: Agent, method: "GET" | "POST", result: LoadResult): Promise<void> {
  const startedMs = performance.now();
  return new Promise((resolve) => {
    const finish = (failure?: string): void => {
      result.worstMs = Math.max(result.worstMs, performance.now() - startedMs);
      if (failure !== undefined) result.failures.push(`${method} after ${Math.round(performance.now() - startedMs)} ms: ${failure}`);
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
    outgoing.end(method === "POST" ? JSON.stringify({ number: result.sent }) : undefined);
  });
}
