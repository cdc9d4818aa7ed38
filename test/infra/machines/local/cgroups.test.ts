import assert from "node:assert/strict";
import { test } from "node:test";
import { hierarchiesOf, planCgroups } from "../../../../infra/machines/local/cgroups.ts";
import { mountsBelow, parseMounts } from "../../../../infra/machines/local/mounts.ts";

const v2 = hierarchiesOf(parseMounts("cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0\n"));
const hybrid = hierarchiesOf(
  parseMounts(
    [
      "cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0",
      "cgroup /sys/fs/cgroup/cpu cgroup rw,cpu,cpuacct 0 0",
      "cgroup /sys/fs/cgroup/systemd cgroup rw,name=systemd 0 0",
      "cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0",
    ].join("\n"),
  ),
);
const names = { cgroup: "f/web-1", launchCgroup: "f/web-1.launch" };

test("on cgroup v2 a machine has one group, and its launcher another that is no parent of it", () => {
  assert.deepEqual(planCgroups(v2, names, {}), {
    machine: ["/sys/fs/cgroup/f/web-1"],
    launch: ["/sys/fs/cgroup/f/web-1.launch"],
    limits: [],
  });
});

test("where v1 is mounted beside v2, systemd's hierarchy has the groups too", () => {
  assert.deepEqual(planCgroups(hybrid, names, {}).machine, ["/sys/fs/cgroup/unified/f/web-1", "/sys/fs/cgroup/systemd/f/web-1"]);
});

test("memory is limited where its controller is", () => {
  const MiB512 = "536870912";
  assert.deepEqual(planCgroups(v2, names, { memoryMiB: 512 }).limits, [{ file: "/sys/fs/cgroup/f/web-1/memory.max", value: MiB512 }]);
  const plan = planCgroups(hybrid, names, { memoryMiB: 512 });
  assert.deepEqual(plan.limits, [{ file: "/sys/fs/cgroup/memory/f/web-1/memory.limit_in_bytes", value: MiB512 }]);
  assert.ok(plan.machine.includes("/sys/fs/cgroup/memory/f/web-1"), "the machine must enter the group with the limit");
});

test("CPU time is limited where its controller is, v1 in its two files", () => {
  assert.deepEqual(planCgroups(v2, names, { cpuQuota: 0.2 }).limits, [{ file: "/sys/fs/cgroup/f/web-1/cpu.max", value: "20000 100000" }]);
  const plan = planCgroups(hybrid, names, { cpuQuota: 1.5 });
  assert.deepEqual(plan.limits, [
    { file: "/sys/fs/cgroup/cpu/f/web-1/cpu.cfs_period_us", value: "100000" },
    { file: "/sys/fs/cgroup/cpu/f/web-1/cpu.cfs_quota_us", value: "150000" },
  ]);
  assert.deepEqual(plan.machine.slice(2), ["/sys/fs/cgroup/cpu/f/web-1"], "the machine must enter the group with the limit, once");
});

test("mounts are found below a folder, innermost first, blanks included, neighbours not", () => {
  const mounts = parseMounts(
    [
      "overlay /w/my\\040world/root overlay rw 0 0",
      "tmpfs /w/my\\040world/root/run tmpfs rw 0 0",
      "overlay /w/my\\040world2/root overlay rw 0 0",
    ].join("\n"),
  );
  assert.deepEqual(mountsBelow("/w/my world", mounts), ["/w/my world/root/run", "/w/my world/root"]);
});
