/** The agent's commands that only a rollout gives: its hold on the machine, and the steps before a switch. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { type Manifest, nameSchema } from "../manifest.ts";
import type { OnceEntry } from "../once.ts";
import { milliseconds } from "./command-words.ts";
import type { Agent } from "./context.ts";
import { releaseHold, requireHold, takeHold } from "./hold.ts";
import { noteOnce, onceRecords } from "./once-records.ts";
import { runOnce } from "./once.ts";
import { readState } from "./records.ts";

interface RolloutOptions {
  rollout: string;
  who: string;
  leaseMs: number;
  takeOver?: boolean;
  step: string;
  attempt: string;
  state: OnceEntry["state"];
  on: string;
  trialMs?: number;
  trial: string;
}

type Result = Promise<Record<string, unknown>>;
type Action = (agent: Agent, manifest: Manifest, options: RolloutOptions) => Result;

/** How `command.ts` makes a command that has its manifest on stdin. @param lock whether it waits for the machine's lock */
export type AddWithManifest = (name: string, about: string, lock: boolean, action: Action) => Command;

/** Ids go into the names of files. */
const id = (value: string): string => {
  if (/^[A-Za-z0-9-]{1,64}$/.test(value)) return value;
  throw new InvalidArgumentError("letters, digits and dashes, at most 64");
};

const name = (value: string): string => {
  if (nameSchema.safeParse(value).success) return value;
  throw new InvalidArgumentError("a name in lower-case letters, digits and dashes");
};

export function registerRolloutCommands(add: AddWithManifest): void {
  const ofRollout = (command: Command): Command => command.requiredOption("--rollout <id>", "the rollout's id", id);
  const ofStep = (command: Command): Command =>
    ofRollout(command).requiredOption("--step <name>", "the step", name).requiredOption("--attempt <id>", "names this run of it", id);

  // Not under the machine's lock: who takes over doesn't wait for the one who is to go.
  ofRollout(add("hold", "Keeps other rollouts away; says what is known of the release's steps.", false, hold))
    .requiredOption("--who <user@host>", "told to whoever is kept away")
    .requiredOption("--lease-ms <n>", "ends after this long without a renewal", milliseconds)
    .option("--take-over", "also where another rollout holds it");
  ofRollout(add("release", "Ends the rollout's hold.", false, release));
  ofStep(add("once", "Runs a step of the staged release.", false, once));
  ofStep(add("note-once", "Writes down what became of a step on another machine.", false, note))
    .addOption(new Option("--state <state>", "what became of it").choices(["started", "done", "failed", "died"]).makeOptionMandatory())
    .requiredOption("--on <machine>", "where", name);
}

const hold: Action = async (agent, { app, machine }, { rollout, who, leaseMs, takeOver = false }) => {
  await takeHold(agent, app.name, { rollout, who, leaseMs, takeOver });
  const state = await readState(agent, app.name);
  return { once: await onceRecords(agent, app.name, app.release.id, machine), applied: state?.applyId ?? null };
};

const release: Action = async (agent, { app }, { rollout }) => {
  await releaseHold(agent, app.name, rollout);
  return {};
};

const once: Action = async (agent, manifest, { rollout, step, attempt }) => {
  await requireHold(agent, manifest.app.name, rollout);
  return runOnce(agent, manifest, { step, attempt });
};

const note: Action = async (agent, { app }, { rollout, step, attempt, state, on }) => {
  await requireHold(agent, app.name, rollout);
  await noteOnce(agent, app.name, { attempt, release: app.release.id, step, state, on });
  return {};
};
