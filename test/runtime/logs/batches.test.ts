/** What CloudWatch Logs takes at once, for any lines; whose lines they are. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { batchesOf, cutMessage, type LogEvent, LONGEST_MESSAGE_BYTES } from "../../../runtime/logs/batches.ts";
import { Lines, LONGEST_LINE } from "../../../runtime/logs/lines.ts";
import { eventsBySource, sourceOf } from "../../../runtime/logs/sources.ts";

const DAY_MS = 86_400_000;
const sizeOf = (batch: readonly LogEvent[]) => batch.reduce((sum, { message }) => sum + Buffer.byteLength(message) + 26, 0);

const events = fc.array(
  fc.record({
    timestamp: fc.integer({ min: 0, max: 3 * DAY_MS }),
    message: fc.oneof(
      fc.string({ minLength: 1 }),
      fc.string({ minLength: 1, unit: "binary" }).map((text) => text.toWellFormed()),
      fc.integer({ min: 1, max: 200_000 }).map((length) => "é".repeat(length)),
    ),
  }),
  { maxLength: 60 },
);

test("any lines make batches within AWS's limits, in the order of time, each line once", () => {
  fc.assert(
    fc.property(events, (given) => {
      const cut = given.map((event) => ({ ...event, message: cutMessage(event.message) }));
      const batches = batchesOf(cut);
      for (const batch of batches) {
        assert.ok(batch.length > 0 && batch.length <= 10_000 && sizeOf(batch) <= 1_048_576);
        assert.ok((batch.at(-1)?.timestamp ?? 0) - (batch[0]?.timestamp ?? 0) < DAY_MS);
      }
      assert.deepEqual(
        batches.flat(),
        cut.toSorted((a, b) => a.timestamp - b.timestamp),
      );
    }),
    { seed: 5, numRuns: 60 },
  );
});

test("a batch has ten thousand lines at most", () => {
  const many = Array.from({ length: 25_001 }, (_, index) => ({ timestamp: index, message: "x" }));
  assert.deepEqual(
    batchesOf(many).map((batch) => batch.length),
    [10_000, 10_000, 5_001],
  );
});

test("a long line is cut with a word, never in the middle of a character", () => {
  fc.assert(
    fc.property(fc.constantFrom("a", "é", "€", "😀"), fc.integer({ min: 0, max: 3 }), (char, before) => {
      const cut = cutMessage("x".repeat(before) + char.repeat(LONGEST_MESSAGE_BYTES + 1));
      assert.ok(Buffer.byteLength(cut) <= LONGEST_MESSAGE_BYTES && Buffer.byteLength(cut) > LONGEST_MESSAGE_BYTES - 4);
      assert.ok(cut.endsWith(" [cut: the line is longer]") && !cut.includes("\uFFFD"));
    }),
    { seed: 5, numRuns: 16 },
  );
  const short = "é".repeat(LONGEST_MESSAGE_BYTES / 2 - 1);
  assert.equal(cutMessage(short), short);
});

const shortLine = fc.string({ maxLength: 5 }).map((text) => text.replaceAll("\n", ""));

test("lines come whole out of whatever pieces; one without end is left out, and counted", () => {
  fc.assert(
    fc.property(fc.array(shortLine, { maxLength: 20 }), fc.integer({ min: 1, max: 9 }), (all, size) => {
      const lines = new Lines();
      const text = all.map((line) => `${line}\n`).join("");
      const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, index) => text.slice(index * size, (index + 1) * size));
      assert.deepEqual(
        pieces.flatMap((piece) => lines.push(piece)),
        all,
      );
      assert.equal(lines.leftOut(), 0);
    }),
    { seed: 5 },
  );
  const lines = new Lines();
  assert.deepEqual(lines.push(`one\n${"x".repeat(LONGEST_LINE + 1)}`), ["one"]);
  assert.deepEqual(lines.push("more of it"), []);
  assert.deepEqual(lines.push(" and its end\ntwo\n"), ["two"]);
  assert.deepEqual([lines.leftOut(), lines.leftOut()], [1, 0]);
});

test("the app's lines, Caddy's and the agent's each have a stream; what others on the machine say stays there", () => {
  const expected = {
    "shop@0123abcd.service": "app",
    "shop.socket": "app",
    "shop-once-0123-migrate.service": "app",
    "fleetwright-caddy.service": "caddy",
    "shop-lease.service": "fleetwright",
    "fleetwright-converge.service": "fleetwright",
    "fleetwright-logs.service": "fleetwright",
    "ssh.service": undefined,
    "shop-other@0123abcd.service": undefined,
    "": undefined,
  };
  for (const [unit, source] of Object.entries(expected)) assert.equal(sourceOf(unit, "shop"), source, unit);
});

test("messages go without secrets, as they were otherwise; Caddy's noise and empty lines stay", () => {
  const line = (unit: string, message: string) => ({ line: { atUs: 1_767_225_600_123_456, unit, message }, cursor: "s=1" });
  const noise = JSON.stringify({ level: "info", logger: "admin.api", msg: "received request" });
  const entries = [
    line("shop@01.service", '{"level":"info","key":"hunter2"}'),
    line("shop@01.service", '[2] {"msg":"of a worker"}'),
    line("shop@01.service", "[2] {not JSON"),
    line("shop@01.service", ""),
    line("fleetwright-caddy.service", noise),
    line("ssh.service", "a login"),
  ];
  const found = eventsBySource(entries, "shop", (text) => text.replaceAll("hunter2", "[secret]"));
  const messages = ['{"level":"info","key":"[secret]"}', '{"msg":"of a worker"}', "[2] {not JSON"];
  assert.deepEqual([...found], [["app", messages.map((message) => ({ timestamp: 1_767_225_600_123, message }))]]);
});
