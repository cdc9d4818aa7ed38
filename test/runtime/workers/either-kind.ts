/** What workers of either kind do alike. */
import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import type { TestContext } from "node:test";
import { pause } from "../supervisor/host.ts";
import { type Message, Shim, type ShimSetup } from "./shim.ts";

/** Idle connections are left alone for this long by a worker that drains. */
export const IDLE_GRACE_MS = 2_000;
/** A computer that is busy may be late by this; a drain's deadline is far later. */
export const LATE_MS = 10_000;

/** Of two idle connections one asks again within the grace, and is told; the other is closed at its end. */
export async function closesIdleAfterGrace(t: TestContext, setup: ShimSetup): Promise<void> {
  const shim = await Shim.ready(t, setup);
  const idle = net.connect(shim.socket.target);
  const late = net.connect(shim.socket.target);
  for (const client of [idle, late]) {
    client.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
    await once(client, "data");
  }
  const startMs = performance.now();
  shim.term();
  const closed = once(idle.resume(), "end").then(() => performance.now() - startMs);
  await shim.says("draining");
  await pause(1_000);
  late.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
  assert.match(String(await once(late, "data")), /200 OK[^]*connection: close/i);
  const closedMs = await closed;
  assert.ok(closedMs >= IDLE_GRACE_MS - 200 && closedMs < IDLE_GRACE_MS + LATE_MS, `${closedMs} ms`);
  assert.equal(await shim.exited, 0);
}

/** Requests answered, requests under way, and connections. */
export async function beatsCount(t: TestContext, setup: ShimSetup): Promise<void> {
  const shim = await Shim.ready(t, setup);
  for (let number = 0; number < 3; number++) await shim.get("/");
  const slow = shim.get("/slow?ms=3000");
  // Connections of those before may still be closing.
  const counted = ({ requests, active, connections }: Message): boolean => requests === 3 && active === 1 && connections === 1;
  await shim.eventually("one is under way, and three are answered", () => counted(shim.lastBeat));
  await slow;
  await shim.eventually("all are answered", () => shim.lastBeat.requests === 4 && shim.lastBeat.active === 0);
  await shim.eventually("nobody is connected", () => shim.lastBeat.connections === 0);
}

/** With --max-requests=3. */
export async function saysSpentOnce(t: TestContext, setup: ShimSetup): Promise<void> {
  const shim = await Shim.ready(t, { ...setup, flags: ["--max-requests=3"] });
  for (let number = 0; number < 2; number++) await shim.get("/");
  await shim.eventually("a beat has counted both", () => shim.lastBeat.requests === 2);
  assert.ok(!shim.types.includes("spent"));
  await shim.get("/");
  await shim.says("spent");
  for (let number = 0; number < 5; number++) assert.equal((await shim.get("/")).status, 200);
  await shim.eventually("a beat has counted all", () => shim.lastBeat.requests === 8);
  assert.equal(shim.types.filter((type) => type === "spent").length, 1);
}
