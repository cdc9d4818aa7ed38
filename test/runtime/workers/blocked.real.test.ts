/** A worker that is stuck in a request leaves the queue that it shares to the others. */
import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { describe, type TestContext, test } from "node:test";
import { asgiApp, nodeApp } from "../supervisor/apps.ts";
import { pause } from "../supervisor/host.ts";
import { SharedSocket, Shim } from "./shim.ts";

const CONNECTIONS = 120;
const BLOCKED_MS = 3_000;
/** What it takes before its first request runs, in that turn of its loop or the few after it. Measured: Node 1, uvloop 1, asyncio 3. */
const HANDFUL = 5;

const kinds = [
  { name: "node", app: "server.ts", make: nodeApp },
  { name: "asgi on uvloop", app: "main:app", make: () => asgiApp({ uvloop: true }) },
  { name: "asgi on asyncio", app: "main:app", make: () => asgiApp({ uvloop: false }) },
];

describe("the queue behind a blocked worker", { concurrency: 3 }, () => {
  for (const where of ["tcp", "unix"] as const) {
    for (const { name, app, make } of kinds) {
      test(`${name}, ${where} socket: the other worker answers all but a handful`, async (t) => {
        const socket = await SharedSocket[where](t);
        const setup = { ...(await make()), app, socket };
        const [blocked, free] = await Promise.all([Shim.ready(t, setup), Shim.ready(t, setup)]);
        const held = await heldWhile(t, blocked, free);
        t.diagnostic(`it held ${held} of ${CONNECTIONS}`);
        assert.ok(held <= HANDFUL, `it held ${held} of ${CONNECTIONS}`);
      });
    }
  }
});

/** How many connections wait for the blocked worker when the free one has nothing left to do. */
async function heldWhile(t: TestContext, blocked: Shim, free: Shim): Promise<number> {
  // Both are stopped while the queue fills, so that the blocked one finds it full at its first look.
  for (const shim of [blocked, free]) shim.child.kill("SIGSTOP");
  let answered = 0;
  for (let number = 0; number <= CONNECTIONS; number++) {
    const client = net.connect(blocked.socket.target);
    client.on("error", () => {});
    t.after(() => client.destroy());
    await once(client, "connect");
    client.once("data", () => answered++);
    client.write(`GET /${number === 0 ? `block?ms=${BLOCKED_MS}` : ""} HTTP/1.1\r\nhost: x\r\n\r\n`);
  }
  blocked.child.kill("SIGCONT");
  await blocked.prints(/took/);
  free.child.kill("SIGCONT");
  const deadlineMs = performance.now() + BLOCKED_MS * 0.9;
  await blocked.eventually("the free one has answered", () => answered >= CONNECTIONS - HANDFUL || performance.now() > deadlineMs);
  for (let before = -1; before !== answered; await pause(200)) before = answered;
  return CONNECTIONS - answered;
}
