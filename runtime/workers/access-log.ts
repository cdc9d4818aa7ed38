/** One short line for each request, on stdout. */
import type { IncomingMessage, Server, ServerResponse } from "node:http";

export function logAccess(server: Server): void {
  server.prependListener("request", (request: IncomingMessage, response: ServerResponse) => {
    const { method, url } = request;
    const startedMs = performance.now();
    response.on("close", () => {
      const status = response.writableEnded ? response.statusCode : "aborted";
      console.log(`${method} ${url} ${status} ${(performance.now() - startedMs).toFixed(1)} ms`);
    });
  });
}
