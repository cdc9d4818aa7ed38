import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { readFacts } from "../../../runtime/supervisor/facts.ts";
import type { MachineFacts } from "../../../runtime/supervisor/sizing.ts";

const GIB = 2 ** 30;
const MOUNT = "31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw";
const V1_MOUNTS = [
  "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct",
  "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory",
  "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw",
].join("\n");

/** The facts of a made-up machine of 8 cores and 16 GiB. */
function factsOf(files: Record<string, string>): MachineFacts {
  const root = mkdtempSync(join(tmpdir(), "fw-facts-"));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), `${text}\n`);
    }
    return readFacts({ root, fallbackCores: 8, totalMemoryBytes: 16 * GIB });
  } finally {
    rmSync(root, { recursive: true });
  }
}

test("a machine without control groups: its cores and its memory", () => {
  assert.deepEqual(factsOf({}), { affinityCores: 8, quotaCores: null, memoryMiB: 16_384 });
});

test("affinity is what the scheduler allows, lists and ranges", () => {
  assert.equal(factsOf({ "proc/self/status": "Name:\tnode\nCpus_allowed_list:\t0-2,5,7-8" }).affinityCores, 6);
});

test("version 2: the tightest limit on the way up counts, not only the unit's own", () => {
  const facts = factsOf({
    "proc/self/mountinfo": MOUNT,
    "proc/self/cgroup": "0::/web.slice/app.service",
    "sys/fs/cgroup/web.slice/cpu.max": "150000 100000",
    "sys/fs/cgroup/web.slice/memory.max": String(3 * GIB),
    "sys/fs/cgroup/web.slice/app.service/cpu.max": "400000 100000",
    "sys/fs/cgroup/web.slice/app.service/memory.max": "max",
  });
  assert.deepEqual(facts, { affinityCores: 8, quotaCores: 1.5, memoryMiB: 3072 });
});

test("version 2: `max` sets no limit", () => {
  const facts = factsOf({
    "proc/self/mountinfo": MOUNT,
    "proc/self/cgroup": "0::/app.service",
    "sys/fs/cgroup/app.service/cpu.max": "max 100000",
    "sys/fs/cgroup/app.service/memory.max": "max",
  });
  assert.deepEqual(facts, { affinityCores: 8, quotaCores: null, memoryMiB: 16_384 });
});

test("version 1: quota and memory come from hierarchies of their own, in the folder or above", () => {
  const facts = factsOf({
    "proc/self/mountinfo": V1_MOUNTS,
    "proc/self/cgroup": "4:cpu,cpuacct:/web/app\n3:memory:/box\n0::/",
    "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1",
    "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000",
    "sys/fs/cgroup/cpu,cpuacct/web/cpu.cfs_quota_us": "200000",
    "sys/fs/cgroup/cpu,cpuacct/web/cpu.cfs_period_us": "100000",
    "sys/fs/cgroup/cpu,cpuacct/web/app/cpu.cfs_quota_us": "-1",
    "sys/fs/cgroup/cpu,cpuacct/web/app/cpu.cfs_period_us": "100000",
    "sys/fs/cgroup/memory/box/memory.limit_in_bytes": String(GIB),
    "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
  });
  assert.deepEqual(facts, { affinityCores: 8, quotaCores: 2, memoryMiB: 1024 });
});

test("in a container the mount shows a part of the tree: paths are taken from there", () => {
  const facts = factsOf({
    "proc/self/mountinfo": "31 23 0:28 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup2 rw",
    "proc/self/cgroup": "0::/docker/abc/inner",
    "sys/fs/cgroup/cpu.max": "300000 100000",
    "sys/fs/cgroup/inner/cpu.max": "max 100000",
  });
  assert.equal(facts.quotaCores, 3);
});

test("a path that begins above the mount falls back to the mount itself", () => {
  const facts = factsOf({
    "proc/self/mountinfo": "31 23 0:28 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup2 rw",
    "proc/self/cgroup": "0::/../elsewhere",
    "sys/fs/cgroup/cpu.max": "300000 100000",
  });
  assert.equal(facts.quotaCores, 3);
});
