/** A server as others write them: takes PORT or a socket's path, ends gracefully on TERM, and closes idle connections at once then. */
import { createServer } from "node:http";

const server = createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  // Some requests are under way whenever the worker is told to end.
  setTimeout(() => response.end(`${process.pid} ${request.method} ${body.length}`), Math.random() * 20);
});
server.listen(process.env.SOCKET ?? { port: Number(process.env.PORT), host: "127.0.0.1" });
process.on("SIGTERM", () => server.close(() => process.exit(0)));
