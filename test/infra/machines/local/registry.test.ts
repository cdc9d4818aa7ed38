import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { machinePlace, placeOf } from "../../../../infra/machines/local/place.ts";
import { identify, isAlive, parseStat } from "../../../../infra/machines/local/process.ts";
import {
  isRunning,
  liveMakers,
  machineRecordSchema,
  parseRecord,
  readMachine,
  registerMaker,
  updateMachine,
} from "../../../../infra/machines/local/registry.ts";
import { whole } from "./records.ts";

const root = mkdtempSync(join(tmpdir(), "fleetwright-registry-"));
after(() => rmSync(root, { recursive: true }));

test("a record survives being written and read", () => {
  const machine = machinePlace(placeOf("w", root), "web-1");
  updateMachine(machine, whole, { createId: "b" });
  assert.deepEqual(readMachine(machine), { ...whole, createId: "b" });
  assert.deepEqual(readdirSync(machine.folder), ["machine.json"]);
});

test("half a record, another version's and no record at all count as none", () => {
  const text = JSON.stringify(whole);
  assert.deepEqual(parseRecord(machineRecordSchema, text), whole);
  assert.equal(parseRecord(machineRecordSchema, text.slice(0, 40)), undefined);
  assert.equal(parseRecord(machineRecordSchema, JSON.stringify({ ...whole, schema: 2 })), undefined);
  assert.equal(parseRecord(machineRecordSchema, ""), undefined);
});

test("a process whose number went to another one, or that ran before this computer's start, is not alive", () => {
  const self = identify(process.pid);
  assert.ok(self !== undefined && isAlive(self));
  assert.equal(isAlive({ ...self, startTicks: self.startTicks - 1 }), false);
  assert.equal(isAlive({ ...self, bootId: "earlier" }), false);
  assert.equal(isRunning({ ...whole, process: self }), true);
  assert.equal(isRunning(whole), false);
});

test("brackets and blanks in a process's name don't shift its fields", () => {
  const rest = ["S", ...Array.from({ length: 18 }, (_, index) => String(index + 4)), "4711", "0"].join(" ");
  assert.deepEqual(parseStat(`12 (a) b (c)) ${rest}`), { state: "S", startTicks: 4711 });
});

test("of those who make something, the dead, the unreadable and oneself are left out", () => {
  const place = placeOf("makers", root);
  const release = registerMaker(place);
  const parent = identify(process.ppid);
  writeFileSync(join(place.makers, "1.json"), JSON.stringify(parent));
  writeFileSync(join(place.makers, "2.json"), JSON.stringify({ ...parent, startTicks: 1 }));
  writeFileSync(join(place.makers, "3.json"), "{");
  assert.deepEqual(liveMakers(place), [parent]);
  release();
  assert.deepEqual(readdirSync(place.makers).sort(), ["1.json", "2.json", "3.json"]);
});
