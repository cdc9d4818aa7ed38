import assert from "node:assert/strict";
import { test } from "node:test";
import { duration, listInstances, renderInstances } from "../../../runtime/supervisor/status-text.ts";
import { sampleStatus, sampleWorker } from "./sample-status.ts";

const path = "/run/fleethost/fleethost-100.sock";

test("a supervisor is a header and a table of its workers, by slot, the elder first", () => {
  assert.equal(
    renderInstances([{ path, pid: 100, status: sampleStatus() }]),
    `fleethost 100: reloading on http://127.0.0.1:8000, for 1 min 1 s
  workers   2 of 3 ready (scaled from 2: 2 cores × 1 per core)
  restarts  crashed 2, memory 1
  reloads   succeeded 3, failed 1
  memory    322 MiB, 42 MiB of it the supervisor's own
  control   /run/fleethost/fleethost-100.sock

  slot  pid  state                       up    boot  requests  active  connections   memory
     1  101  draining             1 min 0 s  412 ms      1000       4            5   50 MiB
     1  104  ready                    2.0 s  500 ms         7       1            3   30 MiB
     2  103  ready, is too large  1 min 0 s  412 ms        10       1            2  200 MiB
     3  105  booting              1 min 0 s       -         -       -            -        -
`,
  );
});

test("addresses are shown when workers have their own", () => {
  const status = sampleStatus({ each: [sampleWorker({ address: "127.0.0.1:8001" })], memoryMiB: null });
  const text = renderInstances([{ path, pid: 100, status }]);
  assert.match(text, /memory {2}address\n.*40 MiB {2}127\.0\.0\.1:8001\n/);
  assert.match(text, /memory {4}unknown/);
});

test("one that does not answer is told, too", () => {
  const silent = { path, pid: 100, status: null, why: "No answer" } as const;
  assert.equal(renderInstances([silent]), "fleethost 100: No answer\n");
  assert.equal(listInstances([silent]), `  --pid 100  does not answer (${path})\n`);
});

test("durations have the units that matter", () => {
  const hourMs = 3_600_000;
  const texts = [0, 412.3, 9_340, 12_600, 250_000, 2 * hourMs + 180_000, 121 * hourMs].map(duration);
  assert.deepEqual(texts, ["0 ms", "412 ms", "9.3 s", "13 s", "4 min 10 s", "2 h 3 min", "5 d 1 h"]);
});
