/** What a recovery knows before it touches anything: the set, what shall be on the machines, and what is there already. */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { parse } from "yaml";
import { exitCodes, FleetError } from "../errors.ts";
import { type AccountCheck, accountOf, judgeAccount, makesOnAws } from "../recovery/account.ts";
import { candidatesOf, programFolder } from "../recovery/candidates.ts";
import { type Chosen, chooseSet, setLine, storeError } from "../recovery/choose.ts";
import { drillChanges } from "../recovery/drill-machines.ts";
import { imageOfStack } from "../recovery/images.ts";
import { type Judgement, judge } from "../recovery/judge.ts";
import { RecoveryKey } from "../recovery/opened-key.ts";
import { machinesPath, readMachines } from "../recovery/machines-file.ts";
import { pinsOf } from "../recovery/pins-of-set.ts";
import { putBackFiles, putBackLines } from "../recovery/put-back.ts";
import { lookAt } from "../recovery/sight.ts";
import type { RecoverySet } from "../recovery/set.ts";
import { type Changes, fleetValueOf, withChanges } from "../recovery/stack-text.ts";
import { StoreFailure } from "../recovery/store/files.ts";
import { setsFolder } from "../recovery/store/layout.ts";
import type { RecoveryStore } from "../recovery/store/store.ts";
import type { Prepared, RecoverOptions } from "./recover-prepared.ts";
import { begunHere, placeOfStack } from "./recovered-stack.ts";
import { LOCAL_STACK, localFolder } from "./stacks.ts";

/** @throws FleetError when the store, the set or the machines' file can't be used */
export async function lookBefore(store: RecoveryStore, options: RecoverOptions): Promise<Prepared> {
  const { project, folder } = projectHere(options.stack);
  const chosen = await chooseSet(store, { project, stack: options.stack }, options.set);
  const pins = pinsOf(chosen.named, options.release);
  const stackText = await stackTextOf(store, chosen, options);
  const key = new RecoveryKey(store, chosen.named.set);
  // Before the machines are asked: the key that they let in may be among them.
  const files = await filesBack(store, chosen, key, options);
  const place = placeOfStack(options.stack);
  const begun = begunHere(place, chosen.named.id);
  const judgement = await judgeWanted({ store, chosen, pins, stackText, folder, begunMs: begun?.atMs ?? null }, options);
  const image = imageOfStack(fleetValueOf(stackText));
  const lines = linesOf(store, chosen, files, judgement);
  return { store, chosen, key, pins, place, stackText, image, resumed: begun?.ended === false, judgement, lines };
}

interface Wanted extends Pick<Prepared, "store" | "chosen" | "pins" | "stackText"> {
  /** The program's. */
  folder: string;
  begunMs: number | null;
}

/** Against what is there: the machines, the clocks and the account, asked at once. */
async function judgeWanted({ store, chosen, pins, stackText, folder, begunMs }: Wanted, options: RecoverOptions): Promise<Judgement> {
  const value = fleetValueOf(stackText);
  const [sights, storeSkewMs, account] = await Promise.all([
    value === undefined ? [] : lookAt(candidatesOf(value, { folder, stack: options.stack })),
    skewOf(store, chosen),
    accountCheck(chosen.named.set, stackText, options),
  ]);
  const named = options.release !== undefined;
  return withAccount(judge({ chosen: chosen.named, pins, named, sights, begunMs, storeSkewMs }), account);
}

function linesOf({ url }: RecoveryStore, { named, passedOver }: Chosen, files: readonly string[], judgement: Judgement): string[] {
  return [
    `store ${url}`,
    ...passedOver.map(({ id, problem }) => `WARNING: a newer set can't be used: ${id}: ${problem}`),
    setLine(named, Date.now()),
    ...files,
    ...judgement.machines.map((line) => `  ${line}`),
    ...judgement.warnings.map((line) => `WARNING: ${line}`),
  ];
}

async function filesBack(store: RecoveryStore, { named }: Chosen, key: RecoveryKey, { check, drill }: RecoverOptions): Promise<string[]> {
  try {
    return putBackLines(await putBackFiles(named.set.files, { store, key, check: check === true, homeOnly: drill === true }));
  } catch (error) {
    throw error instanceof StoreFailure ? storeError(store, error) : error;
  }
}

/** The local stack has a project of its own name; the folder names its machines' world. */
export function projectHere(stack: string): { project: string; folder: string } {
  if (!existsSync("Pulumi.yaml")) {
    throw new FleetError("there is no Pulumi.yaml in this folder.", {
      kept: "everything; nothing was touched.",
      next: "run it in a clone of the repository that the fleet was brought up from",
      exitCode: exitCodes.usage,
    });
  }
  const { name, main } = parse(readFileSync("Pulumi.yaml", "utf8")) as { name: string; main?: string };
  if (stack === LOCAL_STACK) {
    // The machines' world is named after the folder; who removed the folder by hand may still have the machines.
    mkdirSync(localFolder(), { recursive: true });
    return { project: "fleetwright", folder: localFolder() };
  }
  return { project: name, folder: programFolder(process.cwd(), main) };
}

async function stackTextOf(store: RecoveryStore, { named }: Chosen, { machines, drill }: RecoverOptions): Promise<string> {
  try {
    const text = (await store.getBytes(named.set.stackFile)).toString("utf8");
    if (machines === undefined) return text;
    const others: Changes = [[["machines"], readMachines(machinesPath(machines), machines)]];
    return withChanges(text, drill === true ? [...others, ...drillChanges(fleetValueOf(text))] : others);
  } catch (error) {
    throw error instanceof StoreFailure ? storeError(store, error) : error;
  }
}

/** Asked where the fleet was on AWS; a drill's local machines have no account. */
async function accountCheck({ aws }: RecoverySet, stackText: string, { machines, drill }: RecoverOptions): Promise<AccountCheck> {
  const makes = makesOnAws(stackText) ?? aws?.machines ?? false;
  const now = aws === undefined || drill === true ? undefined : await accountOf(stackText, process.env);
  return { recorded: aws, now, makes, others: machines !== undefined };
}

function withAccount(judgement: Judgement, check: AccountCheck): Judgement {
  const { refusals, touches, warnings } = judgeAccount(check);
  return {
    ...judgement,
    refusals: [...refusals, ...judgement.refusals],
    touches: [...touches, ...judgement.touches],
    warnings: [...warnings, ...judgement.warnings],
  };
}

/** By the store's own clock; a set that was written in our future shows it, too. */
async function skewOf(store: RecoveryStore, { named }: Chosen): Promise<number> {
  try {
    const skewMs = (await store.skewMs()) ?? 0;
    const name = `${setsFolder(named.set)}${named.id}.json`;
    const entry = (await store.files.list(setsFolder(named.set))).find((candidate) => candidate.name === name);
    const aheadMs = Math.max(0, Date.parse(named.set.createdAt) - Date.now(), (entry?.writtenAtMs ?? 0) - Date.now());
    return Math.abs(skewMs) > aheadMs ? skewMs : aheadMs;
  } catch (error) {
    throw error instanceof StoreFailure ? storeError(store, error) : error;
  }
}
