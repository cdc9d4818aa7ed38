/** `create` killed at every stage of its work. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { groupsNamed, processesIn } from "../../../../infra/machines/local/cgroups.ts";
import { mountsBelow } from "../../../../infra/machines/local/mounts.ts";
import { netnsExists } from "../../../../infra/machines/local/network.ts";
import { machinePlace, placeOf } from "../../../../infra/machines/local/place.ts";
import { readMachine } from "../../../../infra/machines/local/registry.ts";
import { localMachinesIn } from "./main.ts";

const local = localMachinesIn("interrupted");
after(() => local.close());
const place = placeOf(local.world, local.root);
const machine = machinePlace(place, "web-1");
const spec = { world: local.world, name: "web-1", image: "trixie", cores: 1, createId: "first" } as const;

const stages: Record<string, () => boolean> = {
  "before it has recorded anything": () => true,
  "once it has taken its place in the world": () => existsSync(place.makers) && readdirSync(place.makers).length > 0,
  "once the machine is recorded": () => existsSync(machine.record),
  "once the disk is mounted, not filled yet": () => mountsBelow(machine.root).length > 0,
  "once there is a network namespace": () => netnsExists(machine.netns),
  "once the launcher runs, recorded or not": () => processesIn(groupsNamed(machine.launchCgroup)).length > 0,
  "while the machine boots": () => (readMachine(machine)?.process ?? null) !== null && readFileSync(machine.console, "utf8") !== "",
};

async function killCreateAt(stage: () => boolean, signal: NodeJS.Signals): Promise<void> {
  const child = local.start(["create"], spec);
  const end = performance.now() + 120_000;
  while (!stage()) {
    assert.equal(child.exitCode, null, "create ended before the stage was reached");
    assert.ok(performance.now() < end, "the stage was not reached");
    await sleep(1);
  }
  const exited = once(child, "exit");
  child.kill(signal);
  await exited;
}

// The image is no part of it; built here, once, so that the stages come soon.
test("a machine can be made at all", async () => {
  await local.create(spec);
  await local.run(["down", "--world", local.world]);
  assert.deepEqual(local.traces(), []);
});

for (const [name, stage] of Object.entries(stages)) {
  test(`down leaves nothing of a create that was killed ${name}`, async () => {
    await killCreateAt(stage, "SIGKILL");
    const said = await local.run(["down", "--world", local.world]);
    assert.equal(said.code, 0, said.stderr);
    assert.deepEqual(local.traces(), []);
  });

  test(`create makes a whole machine after one that was killed ${name}`, async () => {
    await killCreateAt(stage, "SIGKILL");
    const made = await local.create(spec);
    assert.equal(made.cores, 1);
    const said = await local.run(["down", "--world", local.world]);
    assert.equal(said.code, 0, said.stderr);
    assert.deepEqual(local.traces(), []);
  });
}

test("down ends a create that is under way", async () => {
  const child = local.start(["create"], spec);
  const exited = once(child, "exit");
  while (mountsBelow(machine.root).length === 0 && child.exitCode === null) await sleep(1);
  const said = await local.run(["down", "--world", local.world]);
  assert.equal(said.code, 0, said.stderr);
  const [code, signal] = await exited;
  assert.equal(code ?? signal, "SIGTERM", said.stderr);
  assert.deepEqual(local.traces(), []);
});

test("two creates of one machine at once end in one machine", async () => {
  const [a, b] = await Promise.all([local.create(spec), local.create({ ...spec, createId: "second" })]);
  assert.equal(a.diskId, b.diskId);
  assert.equal(a.hostKey, b.hostKey);
  await local.run(["down", "--world", local.world]);
  assert.deepEqual(local.traces(), []);
});
