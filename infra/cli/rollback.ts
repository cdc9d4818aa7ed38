/** `fleet rollback`: the fleet to a release that its machines still have, without building or sending anything. */
import { randomUUID } from "node:crypto";
import { hashOf } from "../../runtime/manifest.ts";
import { exitCodes, FleetError } from "../errors.ts";
import type { Inventory } from "../inventory.ts";
import { type BatchSize, DEFAULT_BATCH } from "../rollout/batches.ts";
import { drive, unreachableError } from "../rollout/drive.ts";
import { type Plan, planSchema, short } from "../rollout/plan.ts";
import { askReleases } from "./ask-releases.ts";
import { interruption } from "./interruption.ts";
import { sortFleets } from "./inventories.ts";
import { type FleetChoice, oneFleet, unknownMachine } from "./machines.ts";
import { planRollback, type Reported, type RollbackPlan } from "./rollback-plan.ts";
import { placeOfStack, readRecoveryConfig } from "./recovery/config-file.ts";
import { putByAfter } from "./recovery/put-by.ts";
import { readInventories } from "./stacks.ts";
import { watchOwn } from "./watch.ts";

export interface RollbackOptions extends FleetChoice {
  to?: string;
  /** Machines to leave out if they can't be reached. */
  skip?: string;
  batch?: BatchSize;
  /** The rollout's events on standard output, and all else on standard error. */
  json?: boolean;
}

const CONNECT_TIMEOUT_MS = 10_000;
const LEASE_MS = 30_000;

export async function rollback({ stack, fleet, to, skip, batch = DEFAULT_BATCH, json = false }: RollbackOptions): Promise<number> {
  const place = placeOfStack(process.cwd(), stack);
  const recovery = readRecoveryConfig(place);
  const inventories = await readInventories(stack);
  const { pushed, groups } = sortFleets(inventories, fleet);
  const [group, ...others] = groups;
  if (group !== undefined && pushed.length === 0 && others.length === 0) {
    // Only here: what talks to AWS may not be installed.
    const { rollbackGroup } = await import("./group-rollback.ts");
    return putByAfter(place, recovery, "rollback", await rollbackGroup(group, { to }));
  }
  const inventory = oneFleet(inventories, fleet);
  const { reported, skipped } = await ask(inventory, skip?.split(",") ?? []);
  const back = planRollback(reported, to);
  process.stderr.write(`${describe(back)}\n`);
  const plan = planOf(inventory, back, { skipped, batch });
  const watch = watchOwn(plan, { json });
  await drive(plan, watch.say, interruption("what was switched is put back"), { tell: watch.tell }).finally(watch.stop);
  (json ? process.stderr : process.stdout).write(`${afterwards(inventory, back, skipped)}\n`);
  return putByAfter(place, recovery, "rollback", skipped.length > 0 ? exitCodes.partial : exitCodes.ok);
}

/** @throws FleetError when a machine can't be asked and wasn't named to be left out */
async function ask(inventory: Inventory, skip: readonly string[]): Promise<{ reported: Reported[]; skipped: string[] }> {
  const unknown = skip.find((name) => !inventory.machines.some((machine) => machine.name === name));
  if (unknown !== undefined) throw unknownMachine(unknown, [inventory]);
  const startedMs = performance.now();
  const answers = await askReleases(inventory, true);
  const silent = answers.flatMap((answer) => (answer.state === "silent" ? [answer] : []));
  const stopping = silent.filter(({ name, unreachable }) => !(unreachable && skip.includes(name)));
  const lost = stopping.filter(({ unreachable }) => unreachable);
  if (lost.length > 0) throw unreachableError(lost.map(({ name, why }) => ({ name, why, waitedMs: performance.now() - startedMs })));
  if (stopping.length > 0) {
    throw new FleetError(`not every machine can say what it has:\n  ${stopping.map(({ name, why }) => `${name}: ${why}`).join("\n  ")}`, {
      kept: "everything; nothing was switched.",
    });
  }
  return {
    reported: answers.flatMap((answer) => (answer.state === "answered" ? [{ name: answer.name, releases: answer.releases }] : [])),
    skipped: silent.map(({ name }) => name),
  };
}

function planOf(inventory: Inventory, back: RollbackPlan, { skipped, batch }: { skipped: string[]; batch: BatchSize }): Plan {
  const changing = back.machines.filter(({ name }) => !back.there.includes(name));
  const attempt = randomUUID();
  return planSchema.parse({
    schema: 1,
    fleet: inventory.fleet,
    release: back.release,
    machines: changing.map(({ name, manifest, from, agentRuntime }) => ({
      name,
      transport: inventory.machines.find((machine) => machine.name === name)?.transport,
      applyId: hashOf({ rollback: attempt, name }),
      // Never sent: a machine that lacks its bundle isn't in the plan.
      runtimeArchive: { sha256: manifest.runtime, bytes: 0 },
      manifest,
      agentRuntime,
      rollbackFrom: from,
    })),
    skipped,
    options: { batch, pauseMs: 0, connectTimeoutMs: CONNECT_TIMEOUT_MS, leaseMs: LEASE_MS, surge: "auto" },
  });
}

function describe({ release, machines, there }: RollbackPlan): string {
  const changing = machines.filter(({ name }) => !there.includes(name));
  const lines = changing.map(
    ({ name, from, generation }) => `  ${name}: release ${short(from)} -> ${short(release)} (generation ${generation})`,
  );
  return [`Going back to release ${short(release)}:`, ...lines, ...there.map((name) => `  ${name}: runs it already`)].join("\n");
}

function afterwards({ fleet }: Inventory, { release, machines }: RollbackPlan, skipped: readonly string[]): string {
  const configured = machines.flatMap((machine) => (machine.configured === undefined ? [] : [machine.configured]));
  const newer = [...new Set(configured)].filter((id) => id !== release);
  const but = skipped.length === 0 ? "" : `, but for ${skipped.join(", ")}, which could not be reached`;
  const then = "the next `up` brings that back, and its preview says so.";
  return [
    `Fleet ${fleet} is back on release ${short(release)}${but}.`,
    ...(newer.length === 0 ? [] : [`The configuration still names ${newer.map(short).join(", ")}: ${then}`]),
  ].join("\n");
}
