import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { journalWords, logText, parseEntry, shortUnit, sinceArgument } from "../../../infra/cli/log-lines.ts";
import { Merge } from "../../../infra/cli/log-merge.ts";

const PATIENT = { windowMs: Number.POSITIVE_INFINITY, maxHeld: 1_000 };

test("lines of several machines come out by time, whatever the order they arrive in", () => {
  const times = fc.array(fc.integer({ min: 0, max: 1_000 }), { maxLength: 30 }).map((list) => list.toSorted((a, b) => a - b));
  fc.assert(
    fc.property(times, times, fc.array(fc.boolean()), (left, right, turns) => {
      const merge = new Merge<number>(["a", "b"], PATIENT);
      const out: number[] = [];
      const rest = { a: [...left], b: [...right] };
      for (const turn of [...turns, ...left.map(() => true), ...right.map(() => false)]) {
        const source = turn ? "a" : "b";
        const at = rest[source].shift();
        if (at !== undefined) merge.push(source, at, at, 0);
        out.push(...merge.take(0));
      }
      merge.end("a");
      merge.end("b");
      out.push(...merge.take(0));
      assert.deepEqual(out, [...left, ...right].toSorted((a, b) => a - b));
    }),
  );
});

test("a silent machine holds followed lines back for the window, and no longer", () => {
  const merge = new Merge<string>(["a", "b"], { windowMs: 400, maxHeld: 1_000 });
  merge.push("a", 5, "late", 0);
  assert.deepEqual(merge.take(399), []);
  merge.push("b", 4, "earlier", 399);
  assert.deepEqual(merge.take(399), ["earlier"]);
  assert.deepEqual(merge.take(400), ["late"]);
});

test("a dead machine holds nobody back", () => {
  const merge = new Merge<string>(["a", "dead"], PATIENT);
  merge.push("a", 1, "line", 0);
  assert.deepEqual(merge.take(1e9), []);
  merge.end("dead");
  assert.deepEqual(merge.take(1e9), ["line"]);
});

test("what is held is bounded", () => {
  const merge = new Merge<number>(["a", "silent"], { ...PATIENT, maxHeld: 10 });
  for (let at = 0; at < 25; at++) merge.push("a", at, at, 0);
  assert.equal(merge.take(0).length, 15);
  assert.equal(merge.held("a"), 10);
});

test("a journal's entry: systemd's own words belong to the unit they are about; bytes are text; noise is none", () => {
  const entry = (fields: object): string => JSON.stringify({ __REALTIME_TIMESTAMP: "1767225600123456", ...fields });
  const own = parseEntry(entry({ MESSAGE: "Started.", UNIT: "shop@0123456789abcdef.service", _SYSTEMD_UNIT: "init.scope" }));
  assert.deepEqual(own, { atUs: 1767225600123456, unit: "shop@01234567", message: "Started." });
  assert.equal(parseEntry(entry({ MESSAGE: [104, 105] }))?.message, "hi");
  assert.equal(parseEntry(entry({ MESSAGE: null }))?.message, "");
  assert.deepEqual([parseEntry("-- No entries --"), parseEntry('{"a":1}')], [undefined, undefined]);
  assert.equal(logText("web-1", 6, { atUs: 1767225600123456, unit: "caddy", message: "a\nb\n" }), "web-1   2026-01-01T00:00:00.123Z  caddy  a\n        b\n");
  assert.equal(shortUnit("fleetwright-caddy.service"), "caddy");
});

test("the journalctl command: its own last lines, or all since; short times are those of people", () => {
  assert.deepEqual([sinceArgument("10m"), sinceArgument("2h"), sinceArgument("yesterday")], ["-10min", "-2h", "yesterday"]);
  assert.ok(journalWords({ app: "shop", follow: false }).includes("--lines=100"));
  const since = journalWords({ app: "shop", follow: true, since: "1h" });
  assert.ok(since.includes("--since=-1h") && since.includes("--follow") && !since.some((word) => word.startsWith("--lines")));
});
