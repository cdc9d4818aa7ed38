/** `fleet recover`: from nothing but the store and a key, the same release on the same or other machines, verified. */
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { exitCodes, FleetError } from "../errors.ts";
import { fetchArchives } from "../recovery/artifacts.ts";
import { PhaseClock, systemClocks } from "../recovery/phases.ts";
import { objectsOfPins } from "../recovery/pins-of-set.ts";
import { openStore } from "../recovery/store/open.ts";
import { bringTools, toolsFor } from "../recovery/tools.ts";
import { shareSessions } from "../rollout/transports/shared-sessions.ts";
import { prepareComputer, requireRoot } from "./computer.ts";
import { agree } from "./recover-ask.ts";
import { checkStore } from "./recover-check.ts";
import { placeOfStack as placeInProject, readRecoveryConfig } from "./recovery/config-file.ts";
import { endWhenInterrupted } from "./recover-interrupt.ts";
import { lookBefore } from "./recover-look.ts";
import type { Prepared, RecoverOptions } from "./recover-prepared.ts";
import { openSecrets, type StackSecrets } from "./recover-secrets.ts";
import { brokenOffLines, endLines } from "./recover-text.ts";
import { noteBegun, openRecovered, type RecoveredPlace, restoreState, type StateOutcome, writeStackFiles } from "./recovered-stack.ts";
import { rebuild } from "./recover-up.ts";
import type { FleetStatus } from "./table.ts";
import { verifyRecovered } from "./recover-verify.ts";

export async function recover(options: RecoverOptions): Promise<number> {
  const clock = new PhaseClock(systemClocks, startedBeforeMs());
  clock.mark("tools");
  const leaveToEngine = endWhenInterrupted(() => brokenOffLines("interrupted, before a machine was touched", options));
  const store = await openStore(options.from);
  try {
    const prepared = await lookBefore(store, options);
    prepared.lines.forEach(tell);
    if (options.check === true) return await checkStore(store, prepared, options);
    if (prepared.judgement.refusals.length > 0) throw refused(prepared);
    await agree(prepared.judgement.touches, options.yes === true);
    const ready = await makeReady(prepared, options, clock);
    leaveToEngine();
    return await rebuildAndVerify(ready, options, clock);
  } finally {
    await store.close();
  }
}

/** Everything that comes before the machines. */
async function makeReady(before: Prepared, options: RecoverOptions, clock: PhaseClock): Promise<Ready> {
  const { store, chosen, place, pins, image } = before;
  noteBegun(place, chosen.named.id, false);
  clock.mark("state");
  if (image !== undefined) requireRoot();
  const { programs, images } = toolsFor(chosen.named.set.tools, image);
  const bring = async (tools: typeof programs) => (await bringTools(store, tools)).forEach((name) => tell(`${name}: from the store`));
  await bring(programs);
  clock.mark("tools");
  const secrets = await openSecrets(before, options);
  const prepared = { ...before, stackText: secrets.stackText };
  // None waits for another.
  const opening = openAndRestore(place, secrets, options, clock);
  const [fetched, { stack, state }] = await Promise.all([fetchArchives(store, objectsOfPins(pins)), opening, bring(images)]);
  tell(`archives: ${fetched} from the store, verified`);
  if (image !== undefined) prepareComputer({ image });
  clock.mark("artifacts");
  return { stack, state, prepared };
}

async function rebuildAndVerify({ stack, state, prepared }: Ready, options: RecoverOptions, clock: PhaseClock): Promise<number> {
  const endSessions = shareSessions();
  try {
    const outcome = await rebuild(stack, prepared, clock, options);
    // The engine writes its own.
    clock.mark("state");
    if (outcome.exitCode !== exitCodes.ok) return brokenOff(outcome.exitCode, options);
    const verified = await verifyRecovered(outcome.outputs, prepared, clock);
    noteBegun(prepared.place, prepared.chosen.named.id, true);
    return end(prepared, options, clock, { changes: outcome.changes, state, ...verified });
  } finally {
    endSessions();
  }
}

function brokenOff(exitCode: number, options: RecoverOptions): number {
  const why = exitCode === exitCodes.interrupted ? "interrupted" : "see above";
  for (const line of brokenOffLines(why, options)) tell(line);
  return exitCode;
}

interface Opened {
  stack: Stack;
  state: StateOutcome;
}

interface Ready extends Opened {
  prepared: Prepared;
}

async function openAndRestore(
  place: RecoveredPlace,
  { stackText, provider, passphrase, othersLost, state: stateOf, lines }: StackSecrets,
  { machines }: RecoverOptions,
  clock: PhaseClock,
): Promise<Opened> {
  for (const line of [...lines, ...writeStackFiles(place, stackText, passphrase)]) tell(line);
  const stack = await openRecovered(place, provider);
  const state = await restoreState(stack, place, { stored: machines === undefined ? await stateOf() : undefined, provider, othersLost });
  tell(`state: ${state}`);
  clock.mark("state");
  return { stack, state };
}

interface End {
  changes: number;
  state: string;
  problems: string[];
  fleets: readonly FleetStatus[];
}

function end(prepared: Prepared, options: RecoverOptions, clock: PhaseClock, { changes, state, problems, fleets }: End): number {
  const times = clock.times();
  const { id } = prepared.chosen.named;
  const releases = Object.fromEntries(Object.entries(prepared.pins.fleets).map(([fleet, { release }]) => [fleet, release.id]));
  if (options.json === true) {
    const machines = fleets.reduce((count, fleet) => count + fleet.machines.length, 0);
    const report = { event: "recovered", ok: problems.length === 0, set: id, releases, changes, state, problems, times, machines };
    process.stdout.write(`${JSON.stringify(report)}\n`);
  }
  for (const line of endLines(prepared, options, { changes, problems, times, knowsStores: knowsStores(options.stack) })) tell(line);
  return problems.length === 0 ? exitCodes.ok : exitCodes.failed;
}

function knowsStores(stack: string): boolean {
  try {
    return readRecoveryConfig(placeInProject(process.cwd(), stack)) !== undefined;
  } catch {
    return false;
  }
}

function refused({ judgement, chosen }: Prepared): FleetError {
  return new FleetError("NOT RECOVERED: something is in the way.", {
    log: judgement.refusals,
    kept: "everything; no machine was touched.",
    next: `mend the above; or, if set ${chosen.named.id} is what you want all the same, name its release: --release ID`,
  });
}

/** What passed in `start.mjs`, which may have unpacked this program's packages. */
function startedBeforeMs(): number {
  const startedMs = Number(process.env.FLEETWRIGHT_STARTED ?? Number.NaN);
  return Number.isFinite(startedMs) ? Math.max(0, Date.now() - startedMs) : 0;
}

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}
