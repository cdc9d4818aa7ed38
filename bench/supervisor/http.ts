/** Single requests to a server under test. */
import http from "node:http";

/** Where a server listens. */
export type Address = { readonly host: string; readonly port: number } | { readonly socketPath: string };

/** @returns the pid that its JSON names. @throws when there is no good answer in time */
export function askPid(address: Address, path: string, agent: http.Agent | false = false, timeoutMs = 5_000): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = http.get({ ...address, path, agent, timeout: timeoutMs }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
      response.on("error", reject);
      response.on("end", () => {
        if (response.statusCode !== 200) return reject(new Error(`status ${response.statusCode}`));
        resolve((JSON.parse(body) as { pid: number }).pid);
      });
    });
    asked.on("error", reject);
    asked.on("timeout", () => asked.destroy(new Error("no answer in time")));
  });
}

/** Pids of those that answer a burst of fresh connections. */
export async function askAround(address: Address, connections = 24): Promise<Set<number>> {
  const asked = Array.from({ length: connections }, () => askPid(address, "/sleep?ms=10").catch(() => 0));
  return new Set((await Promise.all(asked)).filter((pid) => pid !== 0));
}
