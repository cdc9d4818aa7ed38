/** `fleet recovery status`: could a recovery succeed now? Cheap enough for every night. */
import { exitCodes } from "../../errors.ts";
import { assess, type Finding, namedBy, type StackSight, type StoreSight } from "../../recovery/assess.ts";
import { changedAt, exportSchema, inventoriesIn, plansIn } from "../../recovery/deployment.ts";
import { allInventories, liveMachines, liveReleases } from "../../recovery/live.ts";
import type { NamedSet, StoredObject } from "../../recovery/set.ts";
import { StoreFailure } from "../../recovery/store/files.ts";
import type { StackName } from "../../recovery/store/layout.ts";
import { openStore } from "../../recovery/store/open.ts";
import type { RecoveryStore } from "../../recovery/store/store.ts";
import { askReleases } from "../ask-releases.ts";
import { withStack } from "../stacks.ts";
import { placeOfStack, requireRecoveryConfig } from "./config-file.ts";
import { exportState } from "./source.ts";
import { stackInStore } from "./stack-in-store.ts";
import { statusText } from "./status-text.ts";

export interface RecoveryStatusOptions {
  stack: string;
  from?: string;
  verify?: boolean;
  json?: boolean;
}

export async function recoveryStatus({ stack, from, verify = false, json = false }: RecoveryStatusOptions): Promise<number> {
  const { name, urls } = from === undefined ? configured(stack) : { name: undefined, urls: [from] };
  const sights: StoreSight[] = [];
  for (const url of urls) sights.push(await lookAt(url, name ?? stack, verify));
  const now = name === undefined ? undefined : await stackNow(stack);
  const nowMs = Date.now();
  const findings = assess(sights, now, nowMs);
  const able = !findings.some(({ kind }) => kind === "stops");
  if (json) process.stdout.write(`${JSON.stringify(asJson(sights, findings, able))}\n`);
  else process.stdout.write(statusText(sights, findings, { stack, nowMs, storeOnly: from !== undefined }));
  return able ? exitCodes.ok : exitCodes.failed;
}

function configured(stack: string): { name: StackName; urls: string[] } {
  const place = placeOfStack(process.cwd(), stack);
  return { name: place.name, urls: requireRecoveryConfig(place).stores };
}

async function lookAt(url: string, which: StackName | string, verify: boolean): Promise<StoreSight> {
  const store = await openStore(url);
  const nothing: StoreSight = { url: store.url, sets: 0, stacks: [], spoiled: [], lost: [], verified: false, hasKey: false, drills: [] };
  try {
    const name = typeof which === "string" ? await stackInStore(store, which) : which;
    const { good, spoiled } = await store.sets(name);
    const [newest] = good;
    const skewMs = await store.skewMs();
    const stacks = (await store.stacks()).map(({ project, stack }) => `${project}/${stack}`);
    const rest = {
      sets: good.length,
      stacks,
      spoiled,
      ...(skewMs === undefined ? {} : { skewMs }),
      hasKey: (await store.readKey(name)) !== undefined,
      drills: await store.drills(name),
    };
    if (newest === undefined) return { ...nothing, ...rest };
    return { ...nothing, ...rest, newest, lost: await lostObjects(store, newest, verify), verified: verify };
  } catch (error) {
    if (!(error instanceof StoreFailure)) throw error;
    return { ...nothing, unreachable: error.message };
  } finally {
    await store.close();
  }
}

async function lostObjects(store: RecoveryStore, newest: NamedSet, verify: boolean): Promise<StoredObject[]> {
  const there = new Map((await store.list()).map(({ sha256, bytes }) => [sha256, bytes]));
  const lost: StoredObject[] = [];
  for (const object of namedBy(newest)) {
    const whole = there.get(object.sha256) === object.bytes && (!verify || (await store.isWhole(object)));
    if (!whole) lost.push(object);
  }
  return lost;
}

/** What the machines run counts, where they answer; a lost machine is no news to a recovery. */
async function stackNow(stackName: string): Promise<StackSight> {
  const about = await withStack(stackName, async (stack) => exportSchema.parse(JSON.parse(await exportState(stack, "plain"))));
  const plans = plansIn(about);
  const inventories = allInventories(inventoriesIn(about), plans);
  const machines = await Promise.all(
    inventories.map(async (inventory) => liveMachines(inventory, plans, await askReleases(inventory, true))),
  );
  const logins = inventories.flatMap((inventory) => inventory.machines.map(({ transport }) => transport));
  const files = logins.flatMap(({ privateKeyFile, bastion }) => [privateKeyFile, bastion?.privateKeyFile]);
  return {
    changedAt: changedAt(about),
    live: liveReleases(machines.flat()),
    keyFiles: [...new Set(files.filter((path) => path !== undefined))],
  };
}

function asJson(sights: readonly StoreSight[], findings: readonly Finding[], able: boolean) {
  return {
    able,
    findings,
    stores: sights.map(({ url, newest, sets, drills }) => ({
      url,
      sets,
      newest: newest?.id,
      createdAt: newest?.set.createdAt,
      live: newest?.set.live,
      drill: drills[0],
    })),
  };
}
