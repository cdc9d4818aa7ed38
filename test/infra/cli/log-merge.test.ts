import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { logText, logWords, parseLogLine, shortUnit } from "../../../infra/cli/log-lines.ts";
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
      assert.deepEqual(
        out,
        [...left, ...right].toSorted((a, b) => a - b),
      );
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

test("a line stands beside its machine, its time and its unit; what isn't a line is none", () => {
  const line = { atUs: 1767225600123456, unit: "fleetwright-caddy.service", message: "a\nb\n" };
  assert.deepEqual(parseLogLine(JSON.stringify(line)), line);
  assert.deepEqual([parseLogLine("-- No entries --"), parseLogLine('{"a":1}')], [undefined, undefined]);
  assert.equal(logText("web-1", 6, line), "web-1   2026-01-01T00:00:00.123Z  caddy  a\n        b\n");
  assert.equal(shortUnit("shop@0123456789abcdef.service"), "shop@01234567");
});

test("the agent's words: a time that begins with a dash is no option of its own", () => {
  assert.deepEqual(logWords({ app: "shop", follow: false }), ["logs", "--app", "shop", "--json"]);
  assert.ok(logWords({ app: "shop", follow: true, since: "-1h", lines: 5 }).join(" ").endsWith("--json --follow --since=-1h --lines=5"));
});
