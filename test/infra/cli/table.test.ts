import assert from "node:assert/strict";
import { test } from "node:test";
import { commonRelease, statusTable } from "../../../infra/cli/table.ts";
import { machineStatus } from "../../support/samples.ts";

const healthy = machineStatus();
const lost = machineStatus({
  name: "web-2",
  url: null,
  cores: null,
  supervisorPid: null,
  workers: { wanted: 0, ready: 0, pids: [] },
  release: null,
  generation: null,
  health: "unreachable: timed out",
});

test("the table has a row for every machine, with its workers and what is wrong", () => {
  const text = statusTable({ fleet: "web", release: null, machines: [healthy, lost] });
  assert.match(text, /web-1 +│ 192\.0\.2\.1 │ https:\/\/192\.0\.2\.1\/ │ 1 +│ 70 +│ 1\/1 \(81\) │ abcdef01 │ - +│ healthy/);
  assert.match(text, /web-2 .* - .*unreachable: timed out/);
});

test("the fleet's release is the one that all machines agree on", () => {
  assert.equal(commonRelease([healthy, healthy]), "abcdef0123456789");
  assert.equal(commonRelease([healthy, lost]), null);
});
