// The app of both Node contenders, the same file: it listens by itself, as an app for PM2 has to.
import { createServer } from "node:http";

const server = createServer(async (request, response) => {
  const url = new URL(request.url, "http://bench");
  const ms = Number(url.searchParams.get("ms"));
  if (url.pathname === "/sleep") await new Promise((resolve) => setTimeout(resolve, ms));
  if (url.pathname === "/block") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  if (request.method !== "POST") return answer(response, { pid: process.pid, ok: true });
  let body = "";
  request.setEncoding("utf8");
  request.on("data", (chunk) => (body += chunk));
  request.on("end", () => answer(response, { pid: process.pid, id: JSON.parse(body).id }));
});

function answer(response, value) {
  const body = JSON.stringify(value);
  response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
  response.end(body);
}

// The graceful stop that PM2's documentation asks of an app; fleethost sends TERM and drains without the app's help.
process.on("SIGINT", () => server.close(() => process.exit(0)));

server.listen(process.env.BENCH_SOCKET ?? Number(process.env.BENCH_PORT), "BENCH_SOCKET" in process.env ? undefined : "127.0.0.1");
