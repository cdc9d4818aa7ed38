/** A bounded, steady load of plain HTTP on loopback: fresh and kept connections, GET, and POST with a body. */
import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

export interface LoadResult {
  sent: number;
  failures: string[];
  worstMs: number;
  /** Answers by the pid of the worker. */
  pids: Map<string, number>;
}

export interface Load {
  result: LoadResult;
  /** Ends it and waits for the answers that are due. */
  stop(): Promise<LoadResult>;
}

export function startLoad(
  port: number,
  { perSecond, maxRequests, methods = ["GET", "POST"] }: { perSecond: number; maxRequests: number; methods?: string[] },
): Load {
  const result: LoadResult = { sent: 0, failures: [], worstMs: 0, pids: new Map() };
  const kept = new Agent({ keepAlive: true, maxSockets: 8 });
  const fresh = new Agent({ keepAlive: false });
  const pending = new Set<Promise<void>>();
  let stopped = false;
  const startedMs = performance.now();
  const pacing = (async () => {
    while (!stopped && result.sent < maxRequests) {
      const due = Math.min(maxRequests, ((performance.now() - startedMs) * perSecond) / 1000);
      while (result.sent < due) {
        const number = result.sent++;
        const one = ask(port, number % 2 === 0 ? kept : fresh, methods[(number >> 1) % methods.length] ?? "GET", result);
        pending.add(one);
        void one.finally(() => pending.delete(one));
      }
      await sleep(5);
    }
  })();
  return {
    result,
    stop: async () => {
      stopped = true;
      await pacing;
      await Promise.all(pending);
      kept.destroy();
      return result;
    },
  };
}

function ask(port: number, agent: Agent, method: string, result: LoadResult): Promise<void> {
  const startedMs = performance.now();
  const body = method === "POST" ? "x".repeat(2_000) : "";
  return new Promise((resolve) => {
    const finish = (failure?: string): void => {
      const tookMs = performance.now() - startedMs;
      result.worstMs = Math.max(result.worstMs, tookMs);
      if (failure !== undefined) result.failures.push(`${method} after ${Math.round(tookMs)} ms: ${failure}`);
      resolve();
    };
    const outgoing = request({ port, host: "127.0.0.1", agent, method, path: "/", timeout: 20_000 }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString()));
      response.on("error", (error) => finish(error.message));
      response.on("end", () => {
        const [pid = "", said, length] = text.split(" ");
        if (response.statusCode !== 200 || said !== method || length !== String(body.length))
          return finish(`${response.statusCode} ${text.slice(0, 80)}`);
        result.pids.set(pid, (result.pids.get(pid) ?? 0) + 1);
        finish();
      });
    });
    outgoing.on("timeout", () => outgoing.destroy(new Error("no answer within 20 s")));
    outgoing.on("error", (error) => finish(error.message));
    outgoing.end(body);
  });
}
