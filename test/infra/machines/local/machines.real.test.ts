/** Real machines: some twenty seconds once the image is in the cache, a minute more before. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { currentHierarchies, planCgroups } from "../../../../infra/machines/local/cgroups.ts";
import { type Listed, listMachines } from "../../../../infra/machines/local/observe.ts";
import { machinePlace, placeOf } from "../../../../infra/machines/local/place.ts";
import { sshArguments } from "../../../../infra/machines/local/ready.ts";
import type { Created } from "../../../../infra/machines/local/spec.ts";
import { localMachinesIn } from "./main.ts";

const local = localMachinesIn("real");
after(() => local.close());
const place = placeOf(local.world, local.root);

/** Runs a command in a machine, as an operator would. */
function inside(machine: Created, command: string): string {
  return execFileSync("ssh", [...sshArguments(place, machinePlace(place, machine.name), machine.address), command], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  }).trim();
}

function listed(name: string): Listed {
  const found = listMachines(place).find((machine) => machine.name === name);
  assert.ok(found !== undefined, `${name} is not listed`);
  return found;
}

let one: Created;
let all: Created;

test("two machines made at once have one core and all cores, with names and keys of their own", async () => {
  [one, all] = await Promise.all([local.create({ name: "web-1" }), local.create({ name: "web-2", cores: "all" })]);
  assert.equal(inside(one, "nproc; hostname"), "1\nweb-1");
  assert.equal(inside(all, "nproc; hostname"), `${availableParallelism()}\nweb-2`);
  for (const key of ["address", "hostKey", "diskId"] as const) assert.notEqual(one[key], all[key], key);
  assert.equal(inside(one, "cat /etc/machine-id"), one.diskId);
});

test("systemd inside kills its services and has no failed unit", () => {
  assert.equal(inside(one, "systemctl --failed --no-legend --plain"), "");
  assert.equal(
    inside(one, "systemd-run --quiet --unit=nap sleep 300 && systemctl kill -s KILL nap; systemctl is-active nap || :").split("\n").at(-1),
    "failed",
  );
});

test("only keys log in, and localhost has a name", () => {
  assert.match(inside(one, "sshd -T"), /^passwordauthentication no$/m);
  assert.match(inside(one, "getent hosts localhost"), /localhost/);
  assert.equal(inside(one, 'python3 -c "import ssl, asyncio, json; print(1)"'), "1");
});

test("create again changes nothing but the recorded id", async () => {
  const before = listed("web-1");
  const boot = inside(one, "cat /proc/sys/kernel/random/boot_id; systemctl show -P MainPID ssh");
  const again = await local.create({ name: "web-1", createId: "second" });
  assert.deepEqual(again, { ...one, createId: "second" });
  assert.deepEqual(listed("web-1"), { ...before, createId: "second" });
  assert.equal(inside(one, "cat /proc/sys/kernel/random/boot_id; systemctl show -P MainPID ssh"), boot);
});

test("a machine whose power was cut boots from the same disk", async () => {
  inside(one, "echo kept > /root/file; sync");
  assert.equal((await local.run(["kill", "--world", local.world, "--name", "web-1"])).code, 0);
  assert.equal(listed("web-1").state, "stopped");
  const again = await local.create({ name: "web-1", createId: "third" });
  assert.equal(again.diskId, one.diskId);
  assert.equal(inside(again, "cat /root/file"), "kept");
});

test("a machine may restart itself", async () => {
  const before = inside(one, "systemctl show -P UserspaceTimestampMonotonic");
  const { pid } = listed("web-1");
  inside(one, "systemctl reboot");
  const end = performance.now() + 20_000;
  for (let now = before; now === before;) {
    assert.ok(performance.now() < end, "it did not come back");
    try {
      now = inside(one, "systemctl show -P UserspaceTimestampMonotonic");
    } catch {
      // sshd is away for the moment.
      await sleep(50);
    }
  }
  assert.equal(listed("web-1").pid, pid);
});

test("other cores come with a restart, soon, from the same disk", async () => {
  const cores = Math.min(2, availableParallelism());
  const started = performance.now();
  const again = await local.create({ name: "web-1", cores, createId: "fourth" });
  assert.equal(inside(again, "nproc; cat /root/file"), `${cores}\nkept`);
  // Neighbours that have a stale hardware address take half a minute.
  assert.ok(performance.now() - started < 25_000, `${performance.now() - started} ms`);
});

test("a quota of CPU time comes with a restart, and holds where the kernel has quotas", async () => {
  const cpuQuota = 0.2;
  const limited = await local.create({ name: "web-1", cpuQuota, createId: "limited" });
  const { limits } = planCgroups(currentHierarchies(), machinePlace(place, "web-1"), { cpuQuota });
  const usedMs = Number(inside(limited, `python3 -c '${BUSY}'`));
  if (limits.every(({ file }) => existsSync(file))) assert.ok(usedMs < 1_000, `${usedMs} ms of 2 s`);
});

/** Busy for two seconds; says for how much of that it had a CPU. */
const BUSY = `
import time
end = time.monotonic() + 2
while time.monotonic() < end: pass
print(round(time.process_time() * 1000))`;

test("a machine whose disk was lost gets a new one, and its neighbour isn't touched", async () => {
  const neighbour = listed("web-2");
  assert.equal((await local.run(["lose", "--world", local.world, "--name", "web-1"])).code, 0);
  assert.equal(listed("web-1").state, "diskless");
  const again = await local.create({ name: "web-1", createId: "fifth" });
  assert.notEqual(again.diskId, one.diskId);
  assert.notEqual(again.hostKey, one.hostKey);
  assert.equal(again.address, one.address);
  assert.deepEqual(listed("web-2"), neighbour);
});

test("another image means another disk", async () => {
  const again = await local.create({ name: "web-1", image: "bookworm", createId: "sixth" });
  assert.match(inside(again, "cat /etc/os-release; python3 -V"), /VERSION_ID="12"[\s\S]*Python 3\.11/);
});

test("a machine that doesn't come up is named, with how long was waited and what it said", async () => {
  const said = await local.run(["create"], {
    world: local.world,
    name: "slow-1",
    image: "trixie",
    cores: 1,
    createId: "x",
    bootTimeoutMs: 1,
  });
  assert.equal(said.code, 1);
  assert.equal(said.stdout, "");
  assert.match(said.stderr, /slow-1: .*0\.001 s[\s\S]*What to do:/);
});

test("more cores than there are make nothing", async () => {
  const said = await local.run(["create"], { world: local.world, name: "big-1", image: "trixie", cores: 1024, createId: "x" });
  assert.equal(said.code, 1);
  assert.match(said.stderr, /1024 cores doesn't fit/);
  assert.ok(!existsSync(machinePlace(place, "big-1").folder));
});

test("destroy removes one machine; with the last one the bridge goes", async () => {
  const spec = { world: local.world, image: "trixie", cores: 1, createId: "whatever" };
  assert.equal((await local.run(["destroy"], { ...spec, name: "slow-1" })).code, 0);
  assert.equal((await local.run(["destroy"], { ...spec, name: "web-1" })).code, 0);
  assert.equal(listed("web-2").state, "running");
  assert.equal(inside(all, "hostname"), "web-2");
  assert.equal((await local.run(["destroy"], { ...spec, name: "web-2" })).code, 0);
  assert.equal((await local.run(["destroy"], { ...spec, name: "web-2" })).code, 0, "nothing there is no error");
  assert.deepEqual(local.traces(), []);
});

test("down removes everything, a mount and a process that no record tells of included", async () => {
  await local.create({ name: "web-1" });
  const stray = join(place.machines, "stray");
  mkdirSync(stray);
  execFileSync("mount", ["-t", "tmpfs", "tmpfs", stray]);
  assert.notDeepEqual(local.traces(), []);
  const said = await local.run(["down", "--world", local.world]);
  assert.equal(said.code, 0, said.stderr);
  for (const kind of ["processes", "mount", "network namespace", "link", "control group", "folder"])
    assert.match(said.stderr, new RegExp(`^removed ${kind}`, "m"));
  assert.deepEqual(local.traces(), []);
  assert.ok(statSync(local.root).isDirectory());
});
