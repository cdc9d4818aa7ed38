/** `GET /status` on a unix socket: what the agent, and people with curl, ask the supervisor. */
import { chmodSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { SupervisorStatus } from "../report.ts";

/**
 * @param path of the socket; its folder is the supervisor's own, so a leftover there is its own, too
 * @returns what closes and removes it
 */
export async function serveStatus(path: string, status: () => SupervisorStatus): Promise<() => void> {
  rmSync(path, { force: true });
  const server = createServer((request, response) => {
    const known = request.method === "GET" && request.url === "/status";
    const body = known ? status() : { error: "the only thing to ask for is GET /status" };
    response.writeHead(known ? 200 : 404, { "content-type": "application/json", connection: "close" });
    response.end(`${JSON.stringify(body)}\n`);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  chmodSync(path, 0o660);
  // It must not keep a stopped supervisor alive.
  server.unref();
  return () => {
    server.close();
    server.closeAllConnections();
  };
}
