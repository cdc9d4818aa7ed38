/** How workers share one queue of connections, and what they know of their clients. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { asgiApp, nodeApp } from "../supervisor/apps.ts";
import { Host, request } from "../supervisor/host.ts";

const CONNECTIONS = 60;

const kinds = [nodeApp, () => asgiApp({ uvloop: true }), () => asgiApp({ uvloop: false })];

for (const makeApp of kinds) {
  const app = await makeApp();

  test(`${app.kind}: a busy worker leaves the queue to the other one`, async (t) => {
    const host = new Host(t, { files: app.files, env: app.env, args: [...app.args, "--workers", "2"] });
    await host.until(/Ready/);
    const [early, late] = host.workerPids as [number, number];
    for (const pid of [early, late]) process.kill(pid, "SIGSTOP");
    const answers = Array.from({ length: CONNECTIONS }, () => host.get("/block?ms=30"));
    await host.eventually("all connections wait", () => queueLength(host) === CONNECTIONS);
    process.kill(early, "SIGCONT");
    await host.until(/took/);
    process.kill(late, "SIGCONT");
    const pids = (await Promise.all(answers)).map(({ body }) => (JSON.parse(body) as { pid: number }).pid);
    const left = pids.filter((pid) => pid === late).length;
    assert.ok(left >= CONNECTIONS / 4, `it left ${left} of ${CONNECTIONS}`);
  });

  test(`${app.kind}: the queue keeps its full length, also while workers come and go`, async (t) => {
    const host = new Host(t, { files: app.files, env: app.env, args: [...app.args, "--workers", "1"] });
    await host.until(/Ready/);
    assert.equal(backlog(host), 4096);
    host.signal("SIGHUP");
    await host.until(/Reloaded/);
    assert.equal(backlog(host), 4096);
  });
}

test("asgi: behind a unix socket the proxy's word on the client is taken", async (t) => {
  const app = await asgiApp();
  const headers = { "x-forwarded-for": "198.51.100.9", "x-forwarded-proto": "https" };
  const host = new Host(t, { files: app.files, env: app.env, args: [...app.args, "--workers", "1"], listen: ["--socket", "web.sock"] });
  await host.until(/Ready/);
  const answer = await request(new URL("http://x/"), { socketPath: join(host.folder, "web.sock"), agent: false, headers });
  assert.equal((JSON.parse(answer.body) as { client: unknown[] }).client[0], "198.51.100.9");
});

/** Of the listening socket, as `ss` shows it: connections that wait, and how many may. */
function listenState(host: Host): [waiting: number, backlog: number] {
  const { port } = new URL(host.url);
  const line = execFileSync("ss", ["-Hltn", `sport = :${port}`], { encoding: "utf8" });
  const [, waiting, length] = line.trim().split(/\s+/);
  return [Number(waiting), Number(length)];
}

function queueLength(host: Host): number {
  return listenState(host)[0];
}

function backlog(host: Host): number {
  return listenState(host)[1];
}
