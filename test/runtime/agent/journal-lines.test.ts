import assert from "node:assert/strict";
import { test } from "node:test";
import { isNoise, journalArguments, parseEntry, sinceArgument } from "../../../runtime/agent/journal-lines.ts";

const entry = (fields: object): string => JSON.stringify({ __REALTIME_TIMESTAMP: "1767225600123456", ...fields });

test("a journal's entry: systemd's own words belong to the unit they are about; bytes are text", () => {
  const own = parseEntry(entry({ MESSAGE: "Started.", UNIT: "shop@0123.service", _SYSTEMD_UNIT: "init.scope", __CURSOR: "s=1" }));
  assert.deepEqual(own, { line: { atUs: 1767225600123456, unit: "shop@0123.service", message: "Started." }, cursor: "s=1" });
  assert.equal(parseEntry(entry({ MESSAGE: [104, 105] }))?.line.message, "hi");
  assert.equal(parseEntry(entry({ MESSAGE: null }))?.line.message, "");
  assert.deepEqual([parseEntry("-- No entries --"), parseEntry('{"a":1}')], [undefined, undefined]);
});

test("Caddy's word of each question to its admin socket is noise; its warnings, and what others say, are not", () => {
  const from = (unit: string, said: object) => isNoise({ atUs: 0, unit, message: JSON.stringify(said) });
  const caddy = "fleetwright-caddy.service";
  assert.equal(from(caddy, { level: "info", logger: "admin.api", msg: "received request" }), true);
  assert.equal(from(caddy, { level: "error", logger: "admin.api", msg: "request error" }), false);
  assert.equal(from(caddy, { level: "info", logger: "http", msg: 'says "admin.api"' }), false);
  assert.equal(from("shop@0123.service", { level: "info", logger: "admin.api" }), false);
  assert.equal(isNoise({ atUs: 0, unit: caddy, message: 'not JSON "admin.api"' }), false);
});

test("the journalctl command: the app's units and ours; short times are those of people", () => {
  assert.deepEqual([sinceArgument("10m"), sinceArgument("2h"), sinceArgument("yesterday")], ["-10min", "-2h", "yesterday"]);
  const words = journalArguments({ app: "shop", since: "1h", after: "s=1" });
  for (const word of ["--unit=shop@*.service", "--unit=fleetwright-*.service", "--since=-1h", "--after-cursor=s=1"])
    assert.ok(words.includes(word), word);
});

test("what is followed is everything: journalctl would show no unit that wasn't there when it began", () => {
  const words = journalArguments({ app: "shop", follow: true });
  assert.ok(words.includes("--follow"));
  assert.deepEqual(
    words.filter((word) => word.startsWith("--unit")),
    [],
  );
});
