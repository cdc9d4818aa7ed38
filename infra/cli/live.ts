/** A rollout as a terminal shows it: one line a machine. Pure: events in, lines out. */
import { short } from "../rollout/changes.ts";
import type { Phase, RolloutEvent } from "../rollout/events.ts";

/** An event as the live view needs it; `afterMs` from the rollout's start. */
export type LiveEvent = RolloutEvent & { afterMs: number; fleet?: string };

type Standing = Before | Final;
type Before = "waiting" | "staging" | "staged" | "switching" | "switched" | "going back";
type Final = "confirmed" | "as wanted" | "put back" | "as before" | "failed";

interface LiveMachine {
  name: string;
  standing: Standing;
  step: string;
  text: string;
  /** The step at which it failed; what comes after is on its way back. */
  failedAt?: string;
  /** When its last event came. */
  atMs: number;
}

/** One fleet's rollout so far. */
export interface Live {
  fleet: string;
  release: string;
  batches: readonly (readonly string[])[];
  machines: readonly LiveMachine[];
  ended: boolean;
}

/** What a machine is in while it has a phase before it, and what it is after. */
const afterPhase: Partial<Record<Phase, Standing>> = {
  stage: "staged",
  once: "staged",
  switch: "switched",
  confirm: "confirmed",
  back: "put back",
};

/** The state after an event; undefined before a `begin`. */
export function advance(live: Live | undefined, event: LiveEvent): Live | undefined {
  if (event.event === "begin") return begun(event);
  if (live === undefined) return undefined;
  if (event.event === "end") return { ...live, machines: live.machines.map(left), ended: true };
  if (event.event === "sent") return live;
  return { ...live, machines: live.machines.map((machine) => (machine.name === event.machine ? moved(machine, event) : machine)) };
}

function begun({ fleet, release, batches, machines, changing, afterMs }: Extract<LiveEvent, { event: "begin" }>): Live {
  const machineOf = (name: string): LiveMachine => ({
    name,
    standing: changing.includes(name) ? "waiting" : "as wanted",
    step: "",
    text: "",
    atMs: afterMs,
  });
  return { fleet, release, batches, machines: machines.map(machineOf), ended: false };
}

function moved(machine: LiveMachine, event: Extract<LiveEvent, { event: "step" | "phase" }>): LiveMachine {
  const { afterMs: atMs } = event;
  if (event.event === "step") {
    return { ...machine, standing: under(machine.standing, event.step), step: event.step, text: event.text, atMs };
  }
  if (!event.ok) return { ...machine, standing: "failed", failedAt: machine.failedAt ?? stepText(machine), atMs };
  return { ...machine, standing: afterPhase[event.phase] ?? machine.standing, step: "", text: "", atMs };
}

/** A machine that was not switched when the rollout ended is what it was. */
function left(machine: LiveMachine): LiveMachine {
  const untouched = machine.standing === "waiting" || machine.standing === "staging" || machine.standing === "staged";
  return untouched ? { ...machine, standing: "as before", step: "", text: "" } : machine;
}

/** A step tells that the next phase has begun. */
function under(standing: Standing, step: string): Standing {
  if (step === "undo" || step === "revert" || step === "back") return "going back";
  if (standing === "waiting") return "staging";
  return standing === "staged" && step !== "once" ? "switching" : standing;
}

const stepText = ({ step, text }: Pick<LiveMachine, "step" | "text">): string => (step === "" ? "" : `${step}: ${text}`);

const isDone = ({ standing }: LiveMachine): boolean => standing === "confirmed" || standing === "as wanted";

export interface Size {
  columns: number;
  rows: number;
}

/** What stands on the terminal now; no line is longer than it is wide, and no more lines than it has room for. */
export function frame(live: Live, nowMs: number, { columns, rows }: Size): string[] {
  const shown = visible(live.machines, Math.max(1, rows - 3));
  const width = Math.max(...live.machines.map(({ name }) => name.length));
  const hidden = live.machines.length - shown.length;
  const lines = [headline(live, nowMs), ...shown.map((machine) => line(machine, width, nowMs)), ...(hidden > 0 ? [rest(live, shown)] : [])];
  return lines.map((text) => clip(text, columns - 1));
}

function headline({ fleet, release, batches, machines }: Live, nowMs: number): string {
  const isBefore = (name: string): boolean =>
    machines.some((machine) => machine.name === name && machine.standing !== "switched" && !isDone(machine));
  const at = batches.findIndex((batch) => batch.some(isBefore));
  const batch = batches.length < 2 || at < 0 ? "" : `, batch ${at + 1} of ${batches.length}`;
  const done = machines.filter(isDone).length;
  const all = `${machines.length} machine${machines.length === 1 ? "" : "s"}`;
  return `${fleet}: release ${short(release)}, ${done} of ${all} done${batch}, ${seconds(nowMs)}`;
}

function line({ name, standing, failedAt, atMs, ...last }: LiveMachine, width: number, nowMs: number): string {
  const mark = standing === "failed" ? "!" : standing === "waiting" ? " " : isFinal(standing) ? "=" : ">";
  const waits = isFinal(standing) || standing === "waiting" ? "" : seconds(nowMs - atMs);
  const what = standing === "put back" && failedAt !== undefined ? `after ${failedAt}` : stepText(last);
  return `${mark} ${name.padEnd(width)}  ${standing.padEnd(STANDING_WIDTH)} ${waits.padStart(7)}  ${what}`.trimEnd();
}

const FINAL: readonly Standing[] = ["confirmed", "as wanted", "put back", "as before", "failed"];
const isFinal = (standing: Standing): boolean => FINAL.includes(standing);
const STANDING_WIDTH = 10;

/** Of a large fleet, those that have something under way, in the order of the plan. */
function visible(machines: readonly LiveMachine[], room: number): readonly LiveMachine[] {
  if (machines.length <= room) return machines;
  const rank = ({ standing }: LiveMachine): number => (standing === "failed" ? 0 : standing === "waiting" ? 2 : isFinal(standing) ? 3 : 1);
  const chosen = new Set(machines.toSorted((a, b) => rank(a) - rank(b) || b.atMs - a.atMs).slice(0, room - 1));
  return machines.filter((machine) => chosen.has(machine));
}

function rest({ machines }: Live, shown: readonly LiveMachine[]): string {
  const counts = new Map<Standing, number>();
  for (const { standing, name } of machines) {
    if (!shown.some((machine) => machine.name === name)) counts.set(standing, (counts.get(standing) ?? 0) + 1);
  }
  return `  and ${machines.length - shown.length} more: ${[...counts].map(([standing, count]) => `${count} ${standing}`).join(", ")}`;
}

/** Without what moves the cursor: the text comes from machines. */
function clip(text: string, columns: number): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}]/gu, " ");
  return plain.length <= columns ? plain : `${plain.slice(0, Math.max(0, columns - 1))}…`;
}

const seconds = (ms: number): string => `${(Math.max(0, ms) / 1000).toFixed(0)} s`;
