import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { restartReasons } from "../../../runtime/supervisor-report.ts";
import { renderMetrics } from "../../../runtime/supervisor/metrics.ts";
import { sampleStatus, sampleWorker } from "./sample-status.ts";

/** `name{label="value"}` to value. */
async function samplesOf(given: Parameters<typeof sampleStatus>[0] = {}): Promise<Map<string, number>> {
  const { body } = await renderMetrics(sampleStatus(given));
  const lines = body.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ")))]));
}

test("what the supervisor knows of itself is there, in base units", async () => {
  const samples = await samplesOf();
  const of = (name: string) => samples.get(`fleetwright_${name}`);
  assert.deepEqual(
    ["workers_target", "workers_wanted", "workers_ready", "cores", "supervisor_uptime_seconds", "supervisor_memory_bytes"].map(of),
    [2, 3, 2, 2, 61.5, 41.5 * 2 ** 20],
  );
  assert.equal(of('reloads_total{outcome="succeeded"}'), 3);
  assert.equal(of('reloads_total{outcome="failed"}'), 1);
  assert.equal(of('supervisor_state{state="reloading"}'), 1);
  assert.equal(of('supervisor_state{state="running"}'), 0);
});

test("times have milliseconds, and no more digits", async () => {
  const { body } = await renderMetrics(sampleStatus({ uptimeMs: 11_138.588418, each: [sampleWorker({ bootMs: 94.57028799999989 })] }));
  assert.match(body, /supervisor_uptime_seconds 11\.139\n/);
  assert.match(body, /worker_boot_seconds\{slot="1"\} 0\.095\n/);
});

test("every reason for a restart has its counter from the start: a first crash is then an increase", async () => {
  const samples = await samplesOf();
  const counts = restartReasons.map((reason) => samples.get(`fleetwright_restarts_total{reason="${reason}"}`));
  assert.deepEqual(
    restartReasons.map((reason, index) => [reason, counts[index]]).filter(([, count]) => count !== 0),
    [
      ["crashed", 2],
      ["memory", 1],
    ],
  );
});

test("a slot in mid-reload counts the requests of its newest worker, and the load and memory of both", async () => {
  const samples = await samplesOf();
  const of = (name: string) => samples.get(`fleetwright_worker_${name}{slot="1"}`);
  assert.deepEqual(["up", "requests_total", "boot_seconds", "uptime_seconds"].map(of), [1, 7, 0.5, 2]);
  assert.deepEqual(["active_requests", "connections", "memory_bytes"].map(of), [5, 8, 80 * 2 ** 20]);
});

test("what nobody knows is left out, and not said to be 0", async () => {
  const samples = await samplesOf({ memoryMiB: null });
  const ofThird = [...samples.keys()].filter((key) => key.includes('slot="3"'));
  assert.deepEqual(ofThird, ['fleetwright_worker_up{slot="3"}', 'fleetwright_worker_uptime_seconds{slot="3"}']);
  assert.equal(samples.get('fleetwright_worker_up{slot="3"}'), 0);
  assert.ok(!samples.has("fleetwright_supervisor_memory_bytes"));
});

test("a replaced worker makes no new time series", async () => {
  const before = await samplesOf({ each: [sampleWorker({ pid: 1 })] });
  const after = await samplesOf({ each: [sampleWorker({ pid: 2, epoch: 5 })] });
  assert.deepEqual([...after.keys()], [...before.keys()]);
});

test("the documentation has every metric with its labels and type, and no other", async () => {
  const { body } = await renderMetrics(sampleStatus());
  const labels = new Map([...body.matchAll(/^(\w+)(?:\{(\w+)=)?/gm)].map(([, name, label]) => [name, label]));
  const given = [...body.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name, type]) => {
    const label = labels.get(name);
    return `${name}${label === undefined ? "" : `{${label}}`} ${type}`;
  });
  const docs = readFileSync(new URL("../../../docs/supervisor.md", import.meta.url), "utf8");
  const documented = [...docs.matchAll(/^\| `(fleetwright_[^`]+)` \| (\w+) \|/gm)].map(([, name, type]) => `${name} ${type}`);
  assert.deepEqual(documented, given);
});
