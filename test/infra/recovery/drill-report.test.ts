import assert from "node:assert/strict";
import { test } from "node:test";
import { flipped } from "../../../infra/recovery/drill-control.ts";
import { drillEnvironment } from "../../../infra/recovery/drill-place.ts";
import { durationMs, reportLines } from "../../../infra/recovery/drill-report.ts";
import type { DrillRecord } from "../../../infra/recovery/drill-record.ts";

const record = (about: Partial<DrillRecord> = {}): DrillRecord => ({
  schema: 1,
  project: "fleetwright",
  stack: "prod",
  startedAt: "2026-02-01T03:00:00.000Z",
  ok: true,
  rtoMs: 40_000,
  machines: 2,
  set: "set",
  ...about,
});

const times = [{ phase: "tools" as const, wallMs: 40_000, monotonicMs: 40_000 }];

test("the report ends in one verdict, and shows how it went before", () => {
  const earlier = [
    record({ startedAt: "2026-01-31T03:00:00.000Z", rtoMs: 20_000 }),
    record({ startedAt: "2026-01-30T03:00:00.000Z", ok: false, rtoMs: null }),
  ];
  const lines = reportLines({ record: record(), times, checks: [{ what: "it serves", problem: undefined }], earlier, limitMs: 60_000 });
  assert.equal(lines.at(-1), "DRILL PASSED: from nothing to verified HTTPS in 40.0 s, of 60.0 s allowed.");
  const trend = lines.slice(lines.indexOf("  trend") + 1, -1);
  assert.deepEqual(
    trend.map((line) => line.trim().slice(0, 10)),
    ["2026-01-30", "2026-01-31", "2026-02-01"],
  );
  assert.match(trend[0] ?? "", /failed$/);
  assert.equal((trend[2]?.match(/#/g) ?? []).length, 2 * (trend[1]?.match(/#/g) ?? []).length);
});

test("what failed is named, in its line and in the verdict", () => {
  const checks = [{ what: "it serves", problem: "web-1: no answer" }];
  const failed = record({ ok: false, rtoMs: null, problem: "it serves: web-1: no answer" });
  const lines = reportLines({ record: failed, times, checks, earlier: [], limitMs: undefined });
  assert.ok(lines.includes("  FAILED  it serves: web-1: no answer"));
  assert.equal(lines.at(-1), "DRILL FAILED: it serves: web-1: no answer");
});

test("limits are read in seconds and minutes", () => {
  const texts = ["60s", "2m", "90", "1.5s", "500ms", "soon", "-1s"];
  assert.deepEqual(texts.map(durationMs), [60_000, 120_000, 90_000, 1_500, 500, undefined, undefined]);
});

test("a drill has nothing of its user's but the way to the store", () => {
  const environment = drillEnvironment(
    {
      PATH: "/bin",
      HOME: "/root",
      FLEETWRIGHT_CACHE: "/c",
      PULUMI_BACKEND_URL: "s3://living",
      PULUMI_CONFIG_PASSPHRASE: "p",
      FLEETWRIGHT_RECOVERY_CODE: "code",
      FLEETWRIGHT_PINS: "/x",
    },
    "/drill",
    "/root",
  );
  assert.deepEqual(
    [environment.PATH, environment.HOME, environment.FLEETWRIGHT_CACHE, environment.PULUMI_BACKEND_URL, environment.FLEETWRIGHT_PINS],
    ["/bin", "/drill/home", "/drill/cache", "file:///drill/state", undefined],
  );
  assert.deepEqual([environment.PULUMI_CONFIG_PASSPHRASE, environment.FLEETWRIGHT_RECOVERY_CODE], ["p", "code"]);
  assert.equal(environment.AWS_CONFIG_FILE, "/root/.aws/config");
});

test("the control's archive differs in one bit", () => {
  const bytes = Buffer.from("fleetwright");
  const other = flipped(bytes);
  assert.equal(bytes.filter((byte, index) => byte !== other[index]).length, 1);
});
