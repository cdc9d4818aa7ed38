/** What the rendered configuration does in the real Caddy, with real servers on slots; the test lists and delists them. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { Socket } from "node:net";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { DELIST_WAIT_MS, LISTED_CHECK_MS, slotAddress, UPSTREAM_IDLE_MS } from "../../../runtime/slots.ts";
import { until } from "../../support/poll.ts";
import { startLoad } from "./slots-load.ts";
import { type Rig, startRig } from "./slots-rig.ts";

async function serving(rig: Rig, ...slots: number[]): Promise<void> {
  for (const slot of slots) {
    await rig.start(slot);
    rig.list(slot);
  }
  // Caddy waits for a slot, so that the first answer says that one is seen.
  assert.deepEqual((await once(rig)).failures, []);
}

const once = (rig: Rig) => {
  const load = startLoad(rig.port, { perSecond: 1_000, maxRequests: 1 });
  return sleep(20).then(() => load.stop());
};

for (const listen of ["port", "socket"] as const) {
  test(`replacing every worker twice under load loses nothing: ${listen}`, { timeout: 120_000 }, async () => {
    await using rig = await startRig(listen);
    await serving(rig, 1, 2);
    const load = startLoad(rig.port, { perSecond: 250, maxRequests: 10_000 });
    for (const [from, to] of [
      [1, 3],
      [2, 4],
      [3, 1],
      [4, 16],
    ] as const)
      await rig.replace(from, to);
    const result = await load.stop();
    assert.deepEqual(result.failures, []);
    assert.ok(result.sent > 1_000, `only ${result.sent} requests in ${4 * DELIST_WAIT_MS} ms`);
    assert.equal(result.pids.size, 6, "every worker answered");
  });
}

test("two alive of sixteen: no POST goes to a slot that isn't listed", { timeout: 60_000 }, async () => {
  await using rig = await startRig("port");
  await serving(rig, 7, 12);
  await sleep(2 * LISTED_CHECK_MS);
  const load = startLoad(rig.port, { perSecond: 400, maxRequests: 800, methods: ["POST"] });
  await sleep(2_500);
  const result = await load.stop();
  assert.deepEqual([result.sent, result.failures], [800, []]);
  // A connection that is refused costs 100 ms until the next is tried: with 14 of 16 refused, some request would need dozens.
  assert.ok(result.worstMs < 1_500, `the slowest took ${result.worstMs} ms`);
});

test("a worker that is ready but not listed gets nothing, and one that is delisted gets nothing more", { timeout: 60_000 }, async () => {
  await using rig = await startRig("socket");
  await serving(rig, 1);
  await rig.start(2);
  rig.list(3);
  await sleep(2 * LISTED_CHECK_MS);
  rig.delist(3);
  await sleep(DELIST_WAIT_MS);
  const before = startLoad(rig.port, { perSecond: 200, maxRequests: 100 });
  await sleep(700);
  assert.deepEqual([...(await before.stop()).pids.keys()], [String(rig.worker(1).pid)]);
  rig.list(2);
  await sleep(2 * LISTED_CHECK_MS);
  rig.delist(1);
  await sleep(DELIST_WAIT_MS);
  const after = startLoad(rig.port, { perSecond: 200, maxRequests: 100 });
  await sleep(700);
  assert.deepEqual([...(await after.stop()).pids.keys()], [String(rig.worker(2).pid)]);
});

test("with nothing listed a request waits, and is answered once a worker is", { timeout: 60_000 }, async () => {
  await using rig = await startRig("port");
  const load = startLoad(rig.port, { perSecond: 1_000, maxRequests: 4 });
  await sleep(1_500);
  await serving(rig, 5);
  const result = await load.stop();
  assert.deepEqual([result.sent, result.failures], [4, []]);
});

test(
  "a killed worker's requests under way are lost and no others, though it stays on the list for a while",
  { timeout: 60_000 },
  async () => {
    await using rig = await startRig("port");
    await serving(rig, 1, 2);
    await sleep(2 * LISTED_CHECK_MS);
    const load = startLoad(rig.port, { perSecond: 100, maxRequests: 1_000 });
    await sleep(500);
    rig.worker(1).kill("SIGKILL");
    await sleep(300);
    const soFar = load.result.failures.length;
    rig.delist(1);
    await sleep(1_500);
    const result = await load.stop();
    assert.ok(soFar <= 4, `${soFar} requests were lost when the worker was killed`);
    assert.equal(result.failures.length, soFar, result.failures.join("\n"));
  },
);

test("a slot that is listed though nobody is there costs the others' requests little, and none of them", { timeout: 60_000 }, async () => {
  await using rig = await startRig("port");
  await serving(rig, 1, 2);
  rig.list(3);
  await sleep(2 * LISTED_CHECK_MS);
  const load = startLoad(rig.port, { perSecond: 300, maxRequests: 1_500 });
  await sleep(5_000);
  const result = await load.stop();
  assert.deepEqual(result.failures, []);
  assert.ok(result.worstMs < 1_500, `the slowest took ${Math.round(result.worstMs)} ms`);
});

test("a stuck worker holds up a handful of requests, not its share of all", { timeout: 60_000 }, async (t) => {
  await using rig = await startRig("port");
  await serving(rig, 1, 2);
  await sleep(2 * LISTED_CHECK_MS);
  const load = startLoad(rig.port, { perSecond: 100, maxRequests: 1_000 });
  rig.worker(1).kill("SIGSTOP");
  t.after(() => rig.worker(1).kill("SIGCONT"));
  await sleep(2_000);
  const answered = [...load.result.pids.values()].reduce((sum, count) => sum + count, 0);
  rig.worker(1).kill("SIGCONT");
  assert.deepEqual((await load.stop()).failures, []);
  assert.ok(answered > 150, `only ${answered} of about 200 were answered while one of two workers stood still`);
});

test(
  "Caddy lets go of an idle connection before any server does, so that no request meets one that closes",
  { timeout: 60_000 },
  async (t) => {
    await using rig = await startRig("socket");
    const address = slotAddress(rig.slots, 1);
    const open = new Set<Socket>();
    const server = createServer((request, response) => void request.resume().on("end", () => response.end("0 POST 2000")));
    server.on("connection", (socket: Socket) => open.add(socket.on("close", () => open.delete(socket))));
    await new Promise<void>((resolve) => server.listen(address.kind === "socket" ? address.path : address.port, resolve));
    t.after(() => server.close());
    rig.list(1);
    const load = startLoad(rig.port, { perSecond: 1_000, maxRequests: 4, methods: ["POST"] });
    await sleep(50);
    assert.deepEqual((await load.stop()).failures, []);
    assert.ok(open.size > 0, "connections are kept for the next request");
    await until("they are closed", () => open.size === 0, 2 * UPSTREAM_IDLE_MS);
  },
);

test("Caddy says nothing of the checks that find no file", { timeout: 60_000 }, async () => {
  await using rig = await startRig("port");
  await serving(rig, 1);
  await sleep(2 * LISTED_CHECK_MS);
  assert.doesNotMatch(rig.log(), /status code out of tolerances|HTTP request failed/);
});
