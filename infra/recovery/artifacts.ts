/** Archives out of the store into this computer's cache, where a rollout looks for them by their hash. */
import { createHash } from "node:crypto";
import { createReadStream, existsSync, mkdirSync, statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { dirname } from "node:path";
import { pipeline } from "node:stream/promises";
import { FleetError } from "../errors.ts";
import { archivePath } from "../rollout/archives.ts";
import type { StoredObject } from "./set.ts";
import { StoreFailure } from "./store/files.ts";
import type { RecoveryStore } from "./store/store.ts";

/**
 * What is there already and whole isn't fetched again: so a recovery that was killed goes on.
 * @returns how many were fetched
 * @throws FleetError naming every archive that is missing or spoiled
 */
export async function fetchArchives(store: RecoveryStore, objects: readonly StoredObject[]): Promise<number> {
  const outcomes = await Promise.allSettled(objects.map((object) => fetchObject(store, object, archivePath(object.sha256))));
  const problems = outcomes.flatMap((outcome, index) => (outcome.status === "rejected" ? [problemOf(objects[index], outcome.reason)] : []));
  if (problems.length === 0) return outcomes.filter((outcome) => outcome.status === "fulfilled" && outcome.value).length;
  throw new FleetError(`${problems.length === 1 ? "an archive" : `${problems.length} archives`} of the store can't be used:`, {
    log: problems,
    kept: "everything; no machine was touched.",
    next: "take another set (--set ID) or release (--release ID); or another copy of the store: its second region, a version from before",
  });
}

function problemOf(object: StoredObject | undefined, error: unknown): string {
  if (!(error instanceof StoreFailure)) throw error;
  return `${object?.sha256.slice(0, 12)}: ${error.problem}: ${error.message}`;
}

/** @returns whether it had to be fetched. @throws StoreFailure */
export async function fetchObject(store: RecoveryStore, object: StoredObject, target: string): Promise<boolean> {
  if (await isWhole(target, object)) return false;
  await rm(target, { force: true });
  mkdirSync(dirname(target), { recursive: true });
  await store.get(object, target);
  return true;
}

/** By its content: a full disk or a cut may have left anything under the name. */
async function isWhole(path: string, { sha256, bytes }: StoredObject): Promise<boolean> {
  if (!existsSync(path) || statSync(path).size !== bytes) return false;
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex") === sha256;
}
