import assert from "node:assert/strict";
import { test } from "node:test";
import { Roster, type Slot, type Worker } from "../../../runtime/supervisor/roster.ts";

const limits = { bootTimeoutMs: 1_000, livenessTimeoutMs: 500, drainTimeoutMs: 300, delistWaitMs: 100 };

function rosterOf(wanted: number): { roster: Roster; workers: Worker[] } {
  const roster = new Roster(wanted, limits, () => 0);
  const workers = roster.vacancies(0).map((slot, index) => roster.register(slot, { pid: 100 + index, address: null }, 0, 0));
  return { roster, workers };
}

const slotOf = (roster: Roster, number: number): Slot => roster.slots[number - 1] as Slot;

function readyRoster(wanted: number): { roster: Roster; workers: Worker[] } {
  const made = rosterOf(wanted);
  for (const { id } of made.workers) made.roster.apply(id, "ready", 0);
  return made;
}

test("a new roster has a vacancy for every wanted worker, none once they are registered", () => {
  const { roster, workers } = rosterOf(3);
  assert.equal(workers.length, 3);
  assert.deepEqual(roster.vacancies(0), []);
  assert.equal(roster.settled, false);
});

test("settled when every slot's worker is ready; ready ones are listed by slot", () => {
  const { roster, workers } = rosterOf(2);
  roster.apply(workers[1]?.id as number, "ready", 5);
  assert.deepEqual(
    roster.ready.map(({ pid }) => pid),
    [101],
  );
  roster.apply(workers[0]?.id as number, "ready", 6);
  assert.deepEqual(
    roster.ready.map(({ pid }) => pid),
    [100, 101],
  );
  assert.equal(roster.settled, true);
});

test("a booting worker is due at its boot deadline, beats or not", () => {
  const {
    roster,
    workers: [worker],
  } = rosterOf(1);
  roster.apply(worker?.id as number, "beat", 900);
  assert.deepEqual(roster.due(999), []);
  assert.deepEqual(roster.due(1_000), [worker]);
});

test("a beat moves a ready worker's deadline", () => {
  const {
    roster,
    workers: [worker],
  } = readyRoster(1);
  assert.equal(roster.nextDeadlineMs(0), 600);
  roster.apply(worker?.id as number, "beat", 400);
  assert.equal(roster.nextDeadlineMs(0), 1_000);
});

test("a draining worker's deadline is not moved by a second retire, a beat, or its word that it takes no more connections", () => {
  const {
    roster,
    workers: [worker],
  } = readyRoster(1);
  roster.apply(worker?.id as number, "retire", 10);
  roster.apply(worker?.id as number, "retire", 200);
  roster.apply(worker?.id as number, "beat", 200);
  roster.apply(worker?.id as number, "leaving", 250);
  assert.equal(worker?.state, "closed");
  assert.equal(worker?.deadlineMs, 10 + 300 + 2_000);
});

test("after the supervisor was asleep everybody has the full time again", () => {
  const { roster } = readyRoster(2);
  roster.restartDeadlines(60_000);
  assert.deepEqual(roster.due(60_500), []);
  assert.equal(roster.nextDeadlineMs(0), 60_600);
});

test("a slot whose worker died before it was ready waits; nextDeadline says until when", () => {
  const {
    roster,
    workers: [worker],
  } = rosterOf(1);
  roster.apply(worker?.id as number, "exited", 50);
  assert.equal(roster.vacate(worker as Worker, false, 50), 100);
  assert.deepEqual(roster.vacancies(149), []);
  assert.equal(roster.nextDeadlineMs(0), 150);
  assert.equal(roster.vacancies(150).length, 1);
});

test("a slot is vacated once: its late worker's second end does not count against the next one", () => {
  const {
    roster,
    workers: [worker],
  } = readyRoster(1);
  roster.vacate(worker as Worker, false, 10);
  const next = roster.register(slotOf(roster, 1), { pid: 200, address: null }, 0, 10);
  assert.equal(roster.vacate(worker as Worker, false, 20), 0);
  assert.equal(slotOf(roster, 1).current, next);
  assert.equal(slotOf(roster, 1).strikes, 1);
});

test("in an occupied slot a new worker is the successor; promoted, it names the one it replaces", () => {
  const {
    roster,
    workers: [old],
  } = readyRoster(1);
  const successor = roster.register(slotOf(roster, 1), { pid: 200, address: null }, 1, 10);
  assert.equal(slotOf(roster, 1).successor, successor);
  assert.equal(roster.promote(successor), old);
  assert.equal(slotOf(roster, 1).current, successor);
  assert.equal(roster.promote(successor), null, "only once");
});

test("a worker that was ready for long, and then made room for another one, has cleared its slot's record", () => {
  for (const [readyForMs, strikes] of [
    [29_999, 1],
    [30_000, 0],
  ] as const) {
    const { roster, workers } = readyRoster(1);
    roster.apply(workers[0]?.id as number, "exited", 0);
    roster.vacate(workers[0] as Worker, false, 0);
    assert.equal(slotOf(roster, 1).strikes, 1);
    const next = roster.register(slotOf(roster, 1), { pid: 200, address: null }, 0, 0);
    roster.apply(next.id, "ready", 0);
    const successor = roster.register(slotOf(roster, 1), { pid: 300, address: null }, 1, 0);
    roster.apply(successor.id, "ready", readyForMs);
    assert.equal(roster.promote(successor), next);
    assert.equal(slotOf(roster, 1).strikes, strikes);
  }
});

test("a worker killed during a reload is replaced once: its successor is on the way", () => {
  const {
    roster,
    workers: [old],
  } = readyRoster(1);
  const successor = roster.register(slotOf(roster, 1), { pid: 200, address: null }, 1, 10);
  roster.apply(old?.id as number, "exited", 20);
  roster.vacate(old as Worker, false, 20);
  assert.deepEqual(roster.vacancies(1_000_000), []);
  assert.equal(roster.promote(successor), null);
  assert.equal(slotOf(roster, 1).current, successor);
});

test("taking a slot away gives back both its workers, and never the last slot", () => {
  const { roster, workers } = readyRoster(2);
  const successor = roster.register(slotOf(roster, 2), { pid: 200, address: null }, 1, 10);
  assert.deepEqual(roster.removeSlot(), [workers[1], successor]);
  assert.equal(roster.workers.length, 3, "they are processes until they end");
  assert.deepEqual(roster.removeSlot(), []);
  assert.equal(roster.slots.length, 1);
});

test("a dissolved roster wants nobody, and remembers who has yet to end", () => {
  const {
    roster,
    workers: [worker],
  } = readyRoster(1);
  roster.dissolve();
  roster.vacate(worker as Worker, false, 0);
  assert.deepEqual(roster.vacancies(1_000_000), []);
  assert.equal(roster.workers.length, 1);
});

test("events of workers long gone do nothing", () => {
  const { roster } = readyRoster(1);
  assert.equal(roster.apply(99, "exited", 0), "none");
});

test("a recycling that waits for its turn sets no timer; one whose successor failed does", () => {
  const { roster, workers } = readyRoster(1);
  const [worker] = workers as [Worker];
  roster.markForRecycling(worker, "memory");
  assert.equal(roster.nextDeadlineMs(0), 600, "only its own deadline");
  const successor = roster.register(slotOf(roster, 1), { pid: 9, address: null }, 0, 0);
  roster.apply(successor.id, "exited", 10);
  roster.vacate(successor, false, 10);
  assert.equal(roster.nextDeadlineMs(10), 110);
  assert.equal(roster.nextDeadlineMs(110), 600);
});
