/** Fills a stack's recovery stores: after every `up`, `local` and `rollback`, and by `fleet recovery push`. */
import { readFileSync } from "node:fs";
import { exitCodes, FleetError } from "../../errors.ts";
import { operator } from "../../operator.ts";
import { accountOf } from "../../recovery/account.ts";
import { CLOCK_SKEW_MS } from "../../recovery/assess.ts";
import type { RecoveryConfig } from "../../recovery/config.ts";
import { imageOfStack } from "../../recovery/images.ts";
import { gather, type Gathered } from "../../recovery/gather.ts";
import { push, type Pushed, type PushOptions } from "../../recovery/push.ts";
import type { RecoverySet } from "../../recovery/set.ts";
import { fleetValueOf } from "../../recovery/stack-text.ts";
import { StoreFailure } from "../../recovery/store/files.ts";
import { openStore } from "../../recovery/store/open.ts";
import type { RecoveryStore } from "../../recovery/store/store.ts";
import { localTools } from "../../recovery/tool-files.ts";
import { askReleases } from "../ask-releases.ts";
import { fleetCommand } from "../command-words.ts";
import { sayToStderr, withStack } from "../stacks.ts";
import type { StackPlace } from "./config-file.ts";
import { stackSource } from "./source.ts";

/** How it went with one store. */
export type StoreOutcome = { url: string } & ({ state: "filled"; pushed: Pushed } | { state: "failed"; why: string });

/** @throws FleetError when there is no set to put by at all */
export async function putBy(
  place: StackPlace,
  config: RecoveryConfig,
  after: RecoverySet["after"],
  verify = false,
): Promise<StoreOutcome[]> {
  await using stores = await openAll(config.stores);
  const gathered = await gatherSet(place, config, after, stores.open);
  const outcomes: StoreOutcome[] = [];
  for (const store of stores.open) outcomes.push(await fill(store, gathered, { config, nowMs: Date.now(), verify }));
  return outcomes;
}

async function gatherSet(
  place: StackPlace,
  config: RecoveryConfig,
  after: RecoverySet["after"],
  stores: readonly RecoveryStore[],
): Promise<Gathered> {
  const earlier = (await Promise.all(stores.map((store) => newest(store, place)))).flat();
  return withStack(place.name.stack, (stack) =>
    gather({
      source: stackSource(stack, place),
      config,
      after,
      by: operator(),
      now: momentAfter(earlier, Date.now(), sayToStderr),
      earlier: earlier.toSorted((a, b) => b.createdAt.localeCompare(a.createdAt)),
      ask: (inventory) => askReleases(inventory, true),
      tools: () => localTools(sayToStderr, imageOfStack(fleetValueOf(readFileSync(place.stackFile, "utf8")))),
      account: accountNow,
    }),
  );
}

/** A set without it is better than none. */
async function accountNow(stackText: string): Promise<string | undefined> {
  const account = await accountOf(stackText, process.env);
  if ("id" in account) return account.id;
  sayToStderr(`recovery: the AWS account isn't put by, as it isn't known: ${account.why}`);
  return undefined;
}

/** Sets are sorted by their time: a new one must not come before one that is there, whatever the clocks say. */
export function momentAfter(earlier: readonly Pick<RecoverySet, "createdAt">[], nowMs: number, say: (line: string) => void): Date {
  const lastMs = Math.max(0, ...earlier.map(({ createdAt }) => Date.parse(createdAt)));
  if (lastMs < nowMs) return new Date(nowMs);
  const behindS = Math.round((lastMs - nowMs) / 1000);
  if (lastMs - nowMs > CLOCK_SKEW_MS)
    say(`recovery: the newest set is of ${behindS} s from now: this computer's clock or another's is wrong`);
  return new Date(lastMs + 1);
}

/** A store that doesn't answer says so when it is filled. */
async function newest(store: RecoveryStore, { name }: StackPlace): Promise<RecoverySet[]> {
  try {
    return (await store.sets(name)).good.slice(0, 1).map(({ set }) => set);
  } catch (error) {
    if (error instanceof StoreFailure) return [];
    throw error;
  }
}

async function fill(store: RecoveryStore, gathered: Gathered, options: PushOptions): Promise<StoreOutcome> {
  try {
    return { url: store.url, state: "filled", pushed: await push(store, gathered, options) };
  } catch (error) {
    if (!(error instanceof StoreFailure)) throw error;
    return { url: store.url, state: "failed", why: error.message };
  }
}

async function openAll(urls: readonly string[]): Promise<AsyncDisposable & { open: RecoveryStore[] }> {
  const open = await Promise.all(urls.map(openStore));
  return { open, [Symbol.asyncDispose]: async () => void (await Promise.allSettled(open.map((store) => store.close()))) };
}

/** A line a store. Pure. */
export function outcomeLine(outcome: StoreOutcome): string {
  if (outcome.state === "failed") return `recovery store ${outcome.url}: NOT filled: ${outcome.why}`;
  const { id, objects, bytes, pruned } = outcome.pushed;
  const sent = objects === 0 ? "nothing new" : `${objects} new object${objects === 1 ? "" : "s"}, ${(bytes / 1e6).toFixed(1)} MB`;
  const gone = pruned !== undefined && pruned.sets > 0 ? `; ${pruned.sets} old set${pruned.sets === 1 ? "" : "s"} removed` : "";
  return `recovery store ${outcome.url}: set ${id}, ${sent}${gone}`;
}

/** After a change that went well: a failure here is loud, but the fleet is what was asked for. @returns the command's exit code */
export async function putByAfter(
  place: StackPlace,
  config: RecoveryConfig | undefined,
  after: Exclude<RecoverySet["after"], "push">,
  exitCode: number,
): Promise<number> {
  if (config === undefined || (exitCode !== exitCodes.ok && exitCode !== exitCodes.partial)) return exitCode;
  const problem = await tryAll(place, config, after);
  if (problem === undefined) return exitCode;
  const again = `mend it, then: ${fleetCommand(`recovery push --stack ${place.name.stack}`)}`;
  const kept = "the fleet is up, as asked for; a store keeps the set of before.";
  sayToStderr(new FleetError(`The fleet is up, but can't be recovered as it is now: ${problem}`, { kept, next: again }).message);
  return exitCodes.notPutBy;
}

async function tryAll(place: StackPlace, config: RecoveryConfig, after: RecoverySet["after"]): Promise<string | undefined> {
  try {
    const outcomes = await putBy(place, config, after);
    for (const outcome of outcomes) if (outcome.state === "filled") sayToStderr(outcomeLine(outcome));
    const failed = outcomes.filter(({ state }) => state === "failed");
    return failed.length === 0 ? undefined : failed.map(outcomeLine).join("; ");
  } catch (error) {
    // Whatever it is, the fleet's own outcome is told first.
    return (error as Error).message;
  }
}
