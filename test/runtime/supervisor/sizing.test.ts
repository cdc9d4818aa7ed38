import assert from "node:assert/strict";
import { test } from "node:test";
import type { WorkersConfig } from "../../../runtime/manifest.ts";
import { type MachineFacts, sizeWorkers } from "../../../runtime/supervisor/sizing.ts";

const machine: MachineFacts = { affinityCores: 4, quotaCores: null, memoryMiB: 8192 };
const auto: WorkersConfig = { count: "auto", perCore: 1 };

const cases: readonly [title: string, WorkersConfig, Partial<MachineFacts>, workers: number, cores: number, reason: string][] = [
  ["a worker for each core", auto, {}, 4, 4, "4 cores × 1 per core"],
  ["two for each core", { ...auto, perCore: 2 }, {}, 8, 4, "4 cores × 2 per core"],
  ["half a worker for each core, rounded down", { ...auto, perCore: 0.5 }, { affinityCores: 3 }, 1, 3, "3 cores × 0.5 per core"],
  ["affinity to one core", auto, { affinityCores: 1 }, 1, 1, "1 core × 1 per core"],
  ["a quota below the cores", auto, { quotaCores: 2.5 }, 2, 2, "2 cores (CPU quota 2.5) × 1 per core"],
  ["a quota above the cores", auto, { quotaCores: 64 }, 4, 4, "4 cores × 1 per core"],
  ["a quota of a quarter of a core", auto, { quotaCores: 0.25 }, 1, 1, "1 core (CPU quota 0.25) × 1 per core"],
  ["capped by max", { ...auto, max: 3 }, {}, 3, 4, "at most 3 as configured"],
  ["capped by memory", { ...auto, memoryMiB: 3000 }, {}, 2, 4, "8192 MiB of memory ÷ 3000 MiB for each worker"],
  [
    "memory for none: one all the same",
    { ...auto, memoryMiB: 9000 },
    {},
    1,
    4,
    "at least 1 (8192 MiB of memory ÷ 9000 MiB for each worker)",
  ],
  ["a number as configured, whatever the machine", { ...auto, count: 7, max: 2 }, {}, 7, 4, "7 as configured"],
];

for (const [title, config, facts, workers, cores, reason] of cases) {
  test(`sizing: ${title}`, () => {
    assert.deepEqual(sizeWorkers(config, { ...machine, ...facts }), { workers, cores, reason });
  });
}
