import assert from "node:assert/strict";
import { test } from "node:test";
import type { WorkerCommand } from "../../runtime/manifest.ts";
import {
  addressText,
  claimedPath,
  DELIST_WAIT_MS,
  LISTED_CHECK_MS,
  listedPath,
  parseAddress,
  type Slots,
  slotAddress,
  slotNumbers,
  slotsOf,
} from "../../runtime/slots.ts";

const command = (more: Partial<Extract<WorkerCommand, { kind: "command" }>>): WorkerCommand => ({
  kind: "command",
  argv: ["./server"],
  listen: "port",
  readyAfterMs: 1,
  ...more,
});
const slots = (more: Parameters<typeof command>[0]): Slots => slotsOf("shop", command(more)) as Slots;

test("only a command that can't share a socket has slots", () => {
  const listens = (["fd", "port", "socket", "none"] as const).filter((listen) => slotsOf("shop", command({ listen })) !== undefined);
  assert.deepEqual(listens, ["port", "socket"]);
  for (const other of [
    { kind: "asgi", app: "a:b" },
    { kind: "wsgi", app: "a:b" },
    { kind: "node", module: "a.ts" },
  ] as const)
    assert.equal(slotsOf("shop", other), undefined);
});

test("sixteen ports from 20001 on, unless it says otherwise; the base itself is the proxy's", () => {
  const usual = slots({});
  assert.deepEqual([usual.count, usual.portBase], [16, 20_000]);
  assert.deepEqual(
    slotNumbers(usual)
      .map((slot) => addressText(slotAddress(usual, slot)))
      .slice(0, 2),
    ["127.0.0.1:20001", "127.0.0.1:20002"],
  );
  const own = slots({ slots: 3, portBase: 9_000 });
  assert.deepEqual(
    slotNumbers(own)
      .map((slot) => slotAddress(own, slot))
      .at(-1),
    { kind: "port", port: 9_003 },
  );
});

test("sockets and files are in a folder of the app's own", () => {
  const some = slots({ listen: "socket" });
  assert.deepEqual(
    [addressText(slotAddress(some, 2)), listedPath(some, 2), claimedPath(some, 2)],
    [
      "/run/fleetwright-sockets/shop.slots/2.sock",
      "/run/fleetwright-sockets/shop.slots/listed/2",
      "/run/fleetwright-sockets/shop.slots/claimed/2",
    ],
  );
});

test("the longest app's name still gives a socket that Linux takes (107 characters)", () => {
  const long = slotsOf("a".repeat(24), command({ listen: "socket", slots: 64 })) as Slots;
  assert.ok(addressText(slotAddress(long, 64)).length <= 107);
});

test("an address is read back from a report, and nothing else is", () => {
  for (const listen of ["port", "socket"] as const) {
    const address = slotAddress(slots({ listen }), 7);
    assert.deepEqual(parseAddress(addressText(address)), address);
  }
  for (const text of ["", "shared", "example.org:80", "127.0.0.1"]) assert.equal(parseAddress(text), undefined);
});

test("a worker is given longer than Caddy needs to see that it left the list", () => assert.ok(DELIST_WAIT_MS >= 3 * LISTED_CHECK_MS));
