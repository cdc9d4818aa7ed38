/** The matrix: what goes wrong, in which step of a rollout, and what is to become of it. */
import type { StampedEvent } from "../../../infra/rollout/events.ts";
import type { Kind } from "./app.ts";
import { DIES_AFTER_MS } from "./app.ts";
import type { Name } from "./fleet.ts";

/** A moment of a rollout to four machines in batches of one, two and one. */
export const steps = {
  stage: (event) => event.event === "step" && event.step === "preflight" && event.machine === "web-3",
  once: (event) => event.event === "step" && event.step === "once" && /running/.test(event.text),
  /** The first machine starts its new generation. */
  first: (event) => event.event === "step" && event.step === "start" && event.machine === "web-1",
  /** The first machine's old generation drains. */
  drain: (event) => event.event === "step" && event.step === "drain" && event.machine === "web-1",
  later: (event) => event.event === "step" && event.step === "start" && event.machine === "web-3",
  /** All are switched, none is confirmed. */
  switched: (event) => event.event === "phase" && event.phase === "switch" && event.machine === "web-4",
  /** All are ready to confirm: the one moment in which a loss may leave two releases. */
  decide: (event, before) => phases(before, "prepare") === 4 && event.event === "phase",
  confirmed: (event) => event.event === "phase" && event.phase === "confirm",
} as const satisfies Record<string, (event: StampedEvent, before: readonly StampedEvent[]) => boolean>;
export type Step = keyof typeof steps;

const phases = (events: readonly StampedEvent[], phase: string): number =>
  events.filter((event) => event.event === "phase" && event.phase === phase).length;

/**
 * `killOperator`: the command and its driver, by SIGKILL. `killParent`: what Pulumi does when it is interrupted. `cut`: the network to
 * one machine, until the case is over. `kill`: a machine's power. `reboot`: in good order. `fillDisk`: no block is left.
 */
export type Fault = "killOperator" | "killParent" | "interrupt" | "cut" | "kill" | "reboot" | "fillDisk";

export interface Case {
  release: Kind;
  step?: Step;
  fault?: Fault;
  /** Whom it happens to. */
  machine?: Name;
  pauseMs?: number;
  /**
   * Where the fleet is to be with nobody's help: on the release before, on the new one, or on either of them. `told`: on either, or
   * on both, which is then said, and the next run mends it.
   */
  after: "old" | "new" | "either" | "told";
  /** The run's end; undefined where nobody is left to say anything. */
  code?: 0 | 1 | 130;
  /** What it says, with the exit code. */
  says?: RegExp[];
  /** Requests that die in the hands of a worker that the release itself ends. */
  mayLose?: number;
  /** Also in CI; the others take part in the long run only. */
  ci?: boolean;
}

/** On a slow computer an earlier gate is the first to see it. */
const DIED = [/^web-1: (workers: .*was healthy, but no longer is|(caddy|health): .*is not healthy)[\s\S]*the database is gone/];

const bad: Case[] = [
  { release: "wontBoot", after: "old", code: 1, ci: true, says: [/^web-1: start: [\s\S]*no such module: left-pad/] },
  { release: "unhealthy", after: "old", code: 1, ci: true, says: [/^web-1: health: [\s\S]*not healthy/] },
  {
    release: "dies",
    pauseMs: DIES_AFTER_MS + 1_000,
    after: "old",
    code: 1,
    ci: true,
    mayLose: 2,
    says: DIED,
  },
  {
    release: "crashLoops",
    pauseMs: 3 * DIES_AFTER_MS,
    after: "old",
    code: 1,
    mayLose: 8,
    says: DIED,
  },
  {
    release: "migrationFails",
    after: "old",
    code: 1,
    ci: true,
    says: [/^web-1: once: migrate ended with exit code 3\n[\s\S]*relation exists already/],
  },
];

/** Nobody is left to say anything. */
const killed: Case[] = (["stage", "first", "drain", "later", "switched"] as const).map((step) => ({
  release: "good",
  step,
  fault: "killOperator",
  after: "old",
  ci: step === "later",
}));

const operator: Case[] = [
  ...killed,
  { release: "migratesSlowly", step: "once", fault: "killOperator", after: "old" },
  { release: "good", step: "decide", fault: "killOperator", after: "told" },
  { release: "good", step: "confirmed", fault: "killOperator", after: "new" },
  { release: "good", step: "later", fault: "killParent", after: "old" },
  { release: "good", step: "first", fault: "interrupt", after: "old", code: 130, says: [/interrupted/] },
];

/** A machine that shuts down in good order takes longer for it than the others for the way to their confirm. */
function outcomeOf(fault: "cut" | "kill" | "reboot", machine: Name, step: Step): Pick<Case, "after" | "code" | "says"> {
  if (step === "confirmed") return { after: "new" };
  if (step === "decide") return { after: "told" };
  return fault === "reboot" && step === "switched" ? { after: "told" } : undone(machine);
}

const undone = (machine: Name): Pick<Case, "after" | "code" | "says"> => ({
  after: "old",
  code: 1,
  says: [new RegExp(`^${machine}: `, "m")],
});

const lossOf = (fault: "cut" | "kill" | "reboot", machine: Name, step: Step, ci = false): Case => ({
  release: step === "once" ? "migratesSlowly" : "good",
  step,
  fault,
  machine,
  ...outcomeOf(fault, machine, step),
  ci,
});

const faults = ["cut", "kill", "reboot"] as const;
const others = ["stage", "once", "first", "switched", "decide", "confirmed"] as const;
const losses: Case[] = [
  ...faults.flatMap((fault) => others.map((step) => lossOf(fault, "web-3", step))),
  ...faults.map((fault) => lossOf(fault, "web-3", "later", true)),
  ...faults.flatMap((fault) => (["first", "drain", "later"] as const).map((step) => lossOf(fault, "web-1", step))),
];

/** Told as such; and going back needs no room. */
const diskOf = (step: Step, machine: Name, ci = false): Case => ({
  release: "good",
  step,
  fault: "fillDisk",
  machine,
  ...(step === "confirmed" ? { after: "new" } : { after: "old", code: 1, says: [new RegExp(`^${machine}: .*disk is full`, "m")] }),
  ci,
});

const fullDisk: Case[] = [
  // While the release comes in; before its own switch; after it; and when only the rest of its confirm is missing.
  diskOf("stage", "web-3"),
  diskOf("first", "web-3"),
  diskOf("later", "web-1", true),
  diskOf("confirmed", "web-3"),
];

export const cases: readonly Case[] = [...bad, ...operator, ...losses, ...fullDisk];

/** Names the case. */
export function nameOf({ release, step, fault, machine }: Case): string {
  const what: Partial<Record<Kind, string>> = {
    wontBoot: "a release that doesn't boot",
    unhealthy: "a release that boots and isn't healthy",
    dies: "a release that is healthy, then dies",
    crashLoops: "a release whose workers die again and again",
    migrationFails: "a release whose migration fails",
  };
  if (fault === undefined) return what[release] ?? release;
  const did: Record<Fault, string> = {
    killOperator: "the operator's processes are killed",
    killParent: "the command alone is killed, as by Pulumi",
    interrupt: "the operator says stop",
    cut: `the network to ${machine} is cut`,
    kill: `${machine} loses its power`,
    reboot: `${machine} is rebooted`,
    fillDisk: `the disk of ${machine} is full`,
  };
  return `${did[fault]}, at: ${step}`;
}
