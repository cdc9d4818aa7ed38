import assert from "node:assert/strict";
import { test } from "node:test";
import { difference, readTraffic } from "./traffic.ts";

test("what our ends of the cables send is what the machines receive, summed over them", () => {
  const counters: Record<string, string> = {
    "/sys/class/net/a/statistics/tx_bytes": "10\n",
    "/sys/class/net/a/statistics/rx_bytes": "1\n",
    "/sys/class/net/b/statistics/tx_bytes": "20\n",
    "/sys/class/net/b/statistics/rx_bytes": "2\n",
  };
  assert.deepEqual(
    readTraffic(["a", "b"], (path) => counters[path] ?? ""),
    { toMachines: 30, fromMachines: 3 },
  );
});

test("a run's traffic is what was added", () => {
  assert.deepEqual(difference({ toMachines: 5, fromMachines: 1 }, { toMachines: 9, fromMachines: 4 }), { toMachines: 4, fromMachines: 3 });
});
