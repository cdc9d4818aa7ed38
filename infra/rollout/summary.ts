/** The end of a rollout, for people: what changed, how long each machine took in each phase, what was sent. Pure. */
import { short } from "./changes.ts";
import { sizeText } from "./progress.ts";
import { type Phase, phases, type RolloutEvent } from "./events.ts";

/** Of a larger fleet, only the slowest machines have a line. */
const MOST_LINES = 20;

interface Row {
  machine: string;
  bytes: number;
  took: Partial<Record<Phase, number>>;
}

/** Nothing when nothing changed. */
export function summaryLines(events: readonly RolloutEvent[]): string[] {
  const begin = events.find((event) => event.event === "begin");
  const end = events.find((event) => event.event === "end");
  if (begin === undefined || end === undefined || !end.ok || begin.changing.length === 0) return [];
  const rows = begin.changing.map((machine) => rowOf(machine, events));
  const same = begin.machines.length - begin.changing.length;
  const window = end.confirmWindowMs === null ? "" : `, confirmed within ${Math.round(end.confirmWindowMs)} ms`;
  const sent = rows.reduce((sum, { bytes }) => sum + bytes, 0);
  return [
    `release ${short(begin.release)} on ${count(begin.changing.length, "machine")} in ${seconds(end.tookMs)}${window}; ` +
      `${sent === 0 ? "nothing" : sizeText(sent)} sent${same === 0 ? "" : `; ${count(same, "machine")} as wanted already`}`,
    ...table(rows),
  ];
}

function rowOf(machine: string, events: readonly RolloutEvent[]): Row {
  const row: Row = { machine, bytes: 0, took: {} };
  for (const event of events) {
    if (!("machine" in event) || event.machine !== machine) continue;
    if (event.event === "sent") row.bytes += event.bytes;
    if (event.event === "phase") row.took[event.phase] = (row.took[event.phase] ?? 0) + event.tookMs;
  }
  return row;
}

function table(rows: readonly Row[]): string[] {
  const used = phases.filter((phase) => rows.some(({ took }) => took[phase] !== undefined));
  const total = ({ took }: Row): number => Object.values(took).reduce((sum, ms) => sum + ms, 0);
  const shown = rows.length <= MOST_LINES ? rows : rows.toSorted((a, b) => total(b) - total(a)).slice(0, MOST_LINES);
  const width = Math.max(7, ...shown.map(({ machine }) => machine.length));
  const line = (name: string, cells: string[]): string => `  ${name.padEnd(width)}${cells.map((cell) => cell.padStart(11)).join("")}`;
  return [
    line("machine", [...used, "sent"]),
    ...shown.map((row) => line(row.machine, [...used.map((phase) => cell(row.took[phase])), row.bytes === 0 ? "-" : sizeText(row.bytes)])),
    ...(shown.length < rows.length ? [`  and ${count(rows.length - shown.length, "machine")} that took less`] : []),
  ];
}

const cell = (ms: number | undefined): string => (ms === undefined ? "-" : seconds(ms));
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? "" : "s"}`;
