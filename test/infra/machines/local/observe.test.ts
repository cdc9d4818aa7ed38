import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { decideCreateId, listMachines, type Observation, observe } from "../../../../infra/machines/local/observe.ts";
import { machinePlace, placeOf } from "../../../../infra/machines/local/place.ts";
import { identify } from "../../../../infra/machines/local/process.ts";
import { updateMachine } from "../../../../infra/machines/local/registry.ts";
import type { MachineSpec } from "../../../../infra/machines/local/spec.ts";
import { whole } from "./records.ts";

const root = mkdtempSync(join(tmpdir(), "fleetwright-observe-"));
after(() => rmSync(root, { recursive: true }));

const spec: MachineSpec = { image: "trixie", cores: 1 };
const running: Observation = { state: "running", spec, createId: "a", address: "10.213.7.11", pid: 5 };

test("a machine that runs as wanted keeps its id: nothing changes", () => {
  assert.equal(decideCreateId(running, spec), "a");
});

test("preview and update decide alike", () => {
  assert.equal(decideCreateId({ ...running, state: "stopped" }, spec), decideCreateId({ ...running, state: "stopped" }, { ...spec }));
});

test("other cores, another image, less memory, a stopped and a lost machine each need a new id", () => {
  const ids = [
    decideCreateId(running, { ...spec, cores: 2 }),
    decideCreateId(running, { ...spec, image: "bookworm" }),
    decideCreateId(running, { ...spec, memoryMiB: 512 }),
    decideCreateId({ ...running, state: "stopped" }, spec),
    decideCreateId({ ...running, state: "diskless" }, spec),
    decideCreateId({ ...running, createId: null }, spec),
  ];
  assert.equal(new Set(["a", ...ids]).size, ids.length + 1);
});

test("a machine that stops again after it was mended gets another id than the first time", () => {
  const first = decideCreateId({ ...running, state: "stopped", pid: null }, spec);
  assert.notEqual(decideCreateId({ ...running, state: "stopped", pid: null, createId: first }, spec), first);
});

test("a folder deleted by hand gives another id than the one it was first made with", () => {
  const place = placeOf("w", root);
  const before = decideCreateId(observe(place, "web-1"), spec);
  assert.equal(decideCreateId(observe(place, "web-1"), spec), before);
  mkdirSync(place.folder);
  rmSync(place.folder, { recursive: true });
  assert.notEqual(decideCreateId(observe(place, "web-1"), spec), before);
});

test("what the disk and the process table say makes up the state", () => {
  const place = placeOf("states", root);
  const machine = machinePlace(place, "web-1");
  const states = () => listMachines(place).map(({ state }) => state);
  assert.deepEqual(states(), []);
  mkdirSync(machine.folder, { recursive: true });
  assert.deepEqual(states(), ["absent"], "half-made");
  const process1 = identify(process.pid) ?? null;
  const disk = { id: "d", hostKey: "k", image: root };
  updateMachine(machine, whole, { disk, process: process1 });
  assert.deepEqual(states(), ["diskless"], "the folder of the disk is not there");
  mkdirSync(machine.upper);
  assert.deepEqual(states(), ["running"]);
  updateMachine(machine, whole, { disk, process: null });
  assert.deepEqual(states(), ["stopped"]);
  updateMachine(machine, whole, { disk: { ...disk, image: join(root, "gone") }, process: null });
  assert.deepEqual(states(), ["diskless"], "the image is not there");
});
