import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { ask, judge, waitHealthy } from "../../../runtime/agent/health.ts";

const health = { path: "/health", accept: "success", timeoutMs: 400 } as const;
const waiting = { nowMs: () => performance.now(), signal: new AbortController().signal };

async function serve(t: TestContext, listener: RequestListener) {
  const folder = mkdtempSync(join(tmpdir(), "fleetwright-health-"));
  const socket = join(folder, "s.sock");
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  });
  return { at: { kind: "socket", path: socket } as const, health, host: "shop.example" };
}

test("success is 200 to 399, alive is anything below 500", () => {
  const healthy = (accept: "success" | "alive") =>
    [199, 200, 302, 399, 404, 499, 500, 503].filter((status) => judge(status, { path: "/", accept }).healthy);
  assert.deepEqual(healthy("success"), [200, 302, 399]);
  assert.deepEqual(healthy("alive"), [200, 302, 399, 404, 499]);
});

test("the question names the path and the host", async (t) => {
  const seen: unknown[] = [];
  const question = await serve(t, (request, response) => {
    seen.push(request.url, request.headers.host);
    response.end();
  });
  assert.deepEqual(await ask(question), { healthy: true, status: 200 });
  assert.deepEqual(seen, ["/health", "shop.example"]);
});

test("an app that gets healthy in time passes", async (t) => {
  let asked = 0;
  const question = await serve(t, (_, response) => response.writeHead(++asked < 3 ? 503 : 200).end());
  assert.equal((await waitHealthy(question, waiting)).healthy, true);
});

test("an app that stays unhealthy, or silent, fails at the deadline with its last answer", async (t) => {
  const sick = await serve(t, (_, response) => response.writeHead(503).end());
  const silent = await serve(t, () => undefined);
  const startedMs = performance.now();
  const answers = await Promise.all([waitHealthy(sick, waiting), waitHealthy(silent, waiting)]);
  assert.ok(performance.now() - startedMs < 2000);
  assert.match(answers[0].healthy ? "" : answers[0].why, /answered 503; healthy is 200 to 399, for 400 ms/);
  assert.match(answers[1].healthy ? "" : answers[1].why, /no answer within/);
});

test("an app that ended is not waited for", async () => {
  const question = { at: { kind: "socket", path: "/nonexistent/s.sock" } as const, health: { ...health, timeoutMs: 60_000 }, host: "x" };
  const answer = await waitHealthy(question, { ...waiting, hopeless: async () => "it ended while it was asked" });
  assert.match(answer.healthy ? "" : answer.why, /it ended while it was asked \(GET \/health: .*ENOENT/);
});
