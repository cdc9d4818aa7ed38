/** `fleet drill`: a recovery into machines of its own beside the living fleet, timed, verified and cleared away. */
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import { exitCodes } from "../errors.ts";
import { type Candidate, candidatesOf } from "../recovery/candidates.ts";
import { type Chosen, chooseSet } from "../recovery/choose.ts";
import { drillMachines } from "../recovery/drill-machines.ts";
import { clearDrillMachines, type DrillPlace, makeDrillPlace } from "../recovery/drill-place.ts";
import { recordOf } from "../recovery/drill-judged.ts";
import { type Check, type DrillEnd, reportLines } from "../recovery/drill-report.ts";
import { machinesPath, readMachines } from "../recovery/machines-file.ts";
import { type Clocks, type PhaseTime, systemClocks } from "../recovery/phases.ts";
import { fleetValueOf } from "../recovery/stack-text.ts";
import { openStore } from "../recovery/store/open.ts";
import type { RecoveryStore } from "../recovery/store/store.ts";
import { shellQuote } from "../shell.ts";
import { fleetCommand } from "./command-words.ts";
import { prepareComputer } from "./computer.ts";
import { controlCheck, livingCheck, livingNow, secondRunCheck, stateCheck } from "./drill-checks.ts";
import { type Recovered, runRecover } from "./drill-run.ts";
import { interruption } from "./interruption.ts";
import { projectHere } from "./recover-look.ts";
import { placeOfStack } from "./recovered-stack.ts";
import { LOCAL_FOLDER, LOCAL_STACK, localFolder } from "./stacks.ts";

export interface DrillOptions {
  from: string;
  stack: string;
  /** Fails above it. */
  rtoMs?: number;
  /** How many local machines. @default as many as the fleet has */
  count?: number;
  /** Other machines than local ones, as for `fleet recover`. */
  machines?: string;
  json?: boolean;
}

export async function drill(options: DrillOptions): Promise<number> {
  const store = await openStore(options.from);
  try {
    const { project } = projectHere(options.stack);
    const chosen = await chooseSet(store, { project, stack: options.stack });
    if (options.machines === undefined) prepareComputer();
    // A mistyped name is no failed drill.
    else readMachines(machinesPath(options.machines), options.machines);
    // Heard from here to the end: who is impatient must not stop the clean-up.
    const interrupted = interruption("what the drill has made is cleared away first");
    const end = await carryOut(store, chosen, options, interrupted);
    if (interrupted.aborted) return endInterrupted(end, options);
    await store.addDrill(end.record);
    if (options.json === true) process.stdout.write(`${JSON.stringify(end.record)}\n`);
    else process.stdout.write(`${[...reportLines(end), nextLine(end, options)].join("\n")}\n`);
    return end.record.ok ? exitCodes.ok : exitCodes.failed;
  } finally {
    await store.close();
  }
}

/** It is no record of how a recovery goes. */
function endInterrupted(end: DrillEnd, options: DrillOptions): number {
  process.stderr.write(`${interruptedLines(end, options).join("\n")}\n`);
  return exitCodes.interrupted;
}

/** Pure. */
export function interruptedLines({ checks }: Pick<DrillEnd, "checks">, { from, stack }: DrillOptions): string[] {
  const left = checks.findLast(({ what }) => what === CLEARED)?.problem;
  return [
    `DRILL INTERRUPTED: ${left === undefined ? "nothing of it is left" : `NOT cleared away: ${left}`}.`,
    `Next: ${fleetCommand(`drill --from ${shellQuote(from)} --stack ${stack}`)}`,
  ];
}

/** Pure. */
export function nextLine({ record }: Pick<DrillEnd, "record">, { from, stack, rtoMs }: DrillOptions): string {
  const at = `--from ${shellQuote(from)} --stack ${stack}`;
  if (record.ok) return `Next: ${fleetCommand(`recovery status ${at}`)}      every night; a drill again every month`;
  const limit = rtoMs === undefined ? "" : ` --rto ${rtoMs / 1_000}s`;
  return `Next: mend the above; then ${fleetCommand(`drill ${at}${limit}`)}`;
}

interface Outcome {
  recovered: Recovered | undefined;
  checks: Check[];
}

async function carryOut(store: RecoveryStore, chosen: Chosen, options: DrillOptions, interrupted: AbortSignal): Promise<DrillEnd> {
  const startedAt = new Date().toISOString();
  const { set } = chosen.named;
  const earlier = await store.drills(set);
  const now = candidatesHere(options.stack);
  const living = await livingNow(set, now);
  const place = await makeDrillPlace(process.cwd(), options.stack, options.stack === LOCAL_STACK ? LOCAL_FOLDER : undefined);
  lendPassphrase(place, options.stack);
  const outcome = await insideOf({ place, store, chosen, options, interrupted });
  const { check, time } = await cleanUp(place, systemClocks);
  const checks = [...outcome.checks, livingCheck(living, await livingNow(set, now)), check];
  const times = [...(outcome.recovered?.times ?? []), time];
  const record = recordOf({ startedAt, machines: outcome.recovered?.machines, checks, times }, chosen.named, options.rtoMs);
  return { record, times, checks, earlier, limitMs: options.rtoMs };
}

/** Of the stack's file, where this folder is the fleet's own. */
function candidatesHere(stack: string): Candidate[] {
  const { stackFile } = placeOfStack(stack);
  const value = existsSync(stackFile) ? fleetValueOf(readFileSync(stackFile, "utf8")) : undefined;
  return value === undefined ? [] : candidatesOf(value, { folder: projectHere(stack).folder, stack });
}

interface Inside {
  place: DrillPlace;
  store: RecoveryStore;
  chosen: Chosen;
  options: DrillOptions;
  interrupted: AbortSignal;
}

/** What can go wrong in it is an outcome: the clean-up comes after it whatever happens. */
async function insideOf({ place, store, chosen, options, interrupted }: Inside): Promise<Outcome> {
  const checks: Check[] = [];
  const words = recoverWords(place, chosen, options);
  const recovered = await runRecover(place, ["--from", options.from, ...words]);
  checks.push({ what: "recovered: release = ledger, workers, certificate, an answer from outside", problem: recovered.problem });
  if (recovered.problem !== undefined) return { recovered: undefined, checks };
  const others = [
    () => secondRunCheck(place, ["--from", options.from, ...words]),
    () => stateCheck(store, chosen.named.set),
    () => controlCheck(place, store, chosen.named, words),
  ];
  for (const check of others) if (!interrupted.aborted) checks.push(await check());
  return { recovered: recovered.report, checks };
}

function recoverWords({ folder }: DrillPlace, { named }: Chosen, { stack, machines, count }: DrillOptions): string[] {
  const file = machines === undefined ? join(folder, "machines.yaml") : machinesPath(machines);
  if (machines === undefined) writeFileSync(file, stringify({ machines: drillMachines(named.set, process.arch, count) }));
  return ["--stack", stack, "--set", named.id, "--machines", file, "--drill"];
}

/** At night nobody is there to type a code: the local stack's passphrase is at hand, as PULUMI_CONFIG_PASSPHRASE is for any other. */
function lendPassphrase({ clone }: DrillPlace, stack: string): void {
  const from = join(localFolder(), "passphrase");
  if (stack !== LOCAL_STACK || !existsSync(from)) return;
  const to = join(clone, LOCAL_FOLDER, "passphrase");
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
}

const CLEARED = "cleared away: no machine, network, mount, process or folder is left";

async function cleanUp(place: DrillPlace, clocks: Clocks): Promise<{ check: Check; time: PhaseTime }> {
  const [wallMs, monotonicMs] = [clocks.wallMs(), clocks.monotonicMs()];
  const left = await clearDrillMachines(place, () => undefined).catch((error: Error) => [error.message]);
  rmSync(place.folder, { recursive: true, force: true });
  return {
    check: {
      what: CLEARED,
      problem: left.length === 0 ? undefined : left.join("; "),
    },
    time: { phase: "cleanUp", wallMs: Math.round(clocks.wallMs() - wallMs), monotonicMs: Math.round(clocks.monotonicMs() - monotonicMs) },
  };
}
