/** Whether a recovery could succeed now, out of what the stores hold. Pure. */
import type { DrillRecord } from "./drill-record.ts";
import { archivesOf, type NamedSet, objectsOf, type RecoverySet, type StoredObject } from "./set.ts";
import type { SpoiledSet } from "./store/store.ts";

/** What was found in one store. */
export interface StoreSight {
  url: string;
  /** Why nothing could be read. */
  unreachable?: string;
  newest?: NamedSet;
  /** How many whole sets there are. */
  sets: number;
  /** Every stack that the store has sets of, as `project/stack`. */
  stacks: string[];
  spoiled: SpoiledSet[];
  /** Objects of the newest set that aren't there, or not with their size; with `--verify`, also those of another hash. */
  lost: StoredObject[];
  /** Whether every hash was checked. */
  verified: boolean;
  hasKey: boolean;
  /** How far its clock is ahead of this computer's, where that can be told. */
  skewMs?: number;
  drills: DrillRecord[];
}

/** The stack as it is now; not there where only a store is at hand. */
export interface StackSight {
  changedAt: string;
  live: Record<string, string>;
  /** Files of keys that the machines' logins name. */
  keyFiles: string[];
}

export interface Finding {
  /** `stops`: a recovery couldn't succeed now. `warns`: it could, but somebody should know. */
  kind: "stops" | "warns";
  store: string;
  text: string;
}

/** A drill that is older says little of today's fleet. */
const DRILL_STALE_MS = 31 * 24 * 3_600_000;

/** What stops a recovery first. */
export function assess(sights: readonly StoreSight[], stack: StackSight | undefined, nowMs: number): Finding[] {
  const all = sights.flatMap((sight) => assessStore(sight, stack, nowMs));
  return [...all.filter(({ kind }) => kind === "stops"), ...all.filter(({ kind }) => kind === "warns")];
}

function assessStore(sight: StoreSight, stack: StackSight | undefined, nowMs: number): Finding[] {
  const found = (kind: Finding["kind"], text: string): Finding => ({ kind, store: sight.url, text });
  if (sight.unreachable !== undefined) return [found("stops", `it can't be read: ${sight.unreachable}`)];
  const spoiled = sight.spoiled.map(({ problem }) => found("warns", problem));
  const { newest } = sight;
  if (newest === undefined) return [found("stops", `it has no set of this stack that is whole${others(sight.stacks)}`), ...spoiled];
  return [
    ...lostFindings(sight.lost, newest.set).map((text) => found("stops", text)),
    ...incomplete(newest.set).map((text) => found("stops", text)),
    ...(stack === undefined ? [] : stale(newest.set, stack).map((text) => found("stops", text))),
    ...spoiled,
    ...[...skewFindings(sight), ...clockFindings(newest.set, nowMs)].map((text) => found("warns", text)),
    ...secretsFindings(sight, newest.set).map((text) => found("warns", text)),
    ...(stack === undefined ? [] : keyFileFindings(newest.set, stack).map((text) => found("warns", text))),
    ...drillFindings(sight.drills, nowMs).map((text) => found("warns", text)),
  ];
}

function others(stacks: readonly string[]): string {
  return stacks.length === 0 ? "" : `; it has sets of ${stacks.join(", ")}`;
}

/** What each object is, for people. */
export function nameOfObject(set: RecoverySet, sha256: string): string {
  if (set.state.object.sha256 === sha256) return "Pulumi's state";
  if (set.stackFile.sha256 === sha256) return `Pulumi.${set.stack}.yaml`;
  if (set.projectFile?.sha256 === sha256) return "Pulumi.yaml";
  for (const { fleet, id, archives, packages } of set.releases) {
    const target = Object.entries(archives).find(([, archive]) => archive.sha256 === sha256)?.[0];
    if (target !== undefined) return `release ${id.slice(0, 8)} of ${fleet} for ${target}`;
    const packed = Object.entries(packages).find(([, { archive }]) => archive.sha256 === sha256);
    if (packed !== undefined) return `packages ${packed[1].id.slice(0, 8)} of ${fleet} for ${packed[0]}`;
  }
  const runtime = set.runtimes.find(({ archive }) => archive.sha256 === sha256);
  if (runtime !== undefined) return `runtime bundle ${runtime.id.slice(0, 8)} for ${runtime.arch}`;
  const tool = set.tools.find(({ archive }) => archive?.sha256 === sha256);
  if (tool !== undefined) return `tool ${tool.name} ${tool.version}`;
  return set.files.find(({ object }) => object.sha256 === sha256)?.name ?? sha256.slice(0, 12);
}

function lostFindings(lost: readonly StoredObject[], set: RecoverySet): string[] {
  return lost.map(
    ({ sha256 }) => `missing or spoiled: ${nameOfObject(set, sha256)} (objects/${sha256.slice(0, 2)}/${sha256.slice(0, 12)}…)`,
  );
}

/** What the newest set should name and doesn't. */
function incomplete(set: RecoverySet): string[] {
  if (set.machines.length === 0)
    return ["the set knows no machine: it was made before the first up, or of a group, which has its releases in a bucket of its own"];
  return set.machines.flatMap(({ name, fleet, release, runtime, target }) => [
    ...(set.releases.find((record) => record.fleet === fleet && record.id === release)?.archives[target] === undefined
      ? [`the set has no archive of release ${release.slice(0, 8)} for ${target}, which ${name} runs`]
      : []),
    ...(set.runtimes.some(({ id }) => id === runtime) ? [] : [`the set has no runtime bundle ${runtime.slice(0, 8)}, which ${name} runs`]),
  ]);
}

function stale(set: RecoverySet, { changedAt, live }: StackSight): string[] {
  const other = Object.entries(live).filter(([fleet, release]) => set.live[fleet] !== release);
  const releases = other.map(
    ([fleet, release]) => `${fleet} runs release ${release.slice(0, 8)}, the set has ${set.live[fleet]?.slice(0, 8) ?? "none"}`,
  );
  if (Date.parse(changedAt) <= Date.parse(set.state.at)) return releases;
  return [`the fleet is newer than the store: changed at ${changedAt}, the set is of ${set.state.at}`, ...releases];
}

/** Beyond what clocks that are kept right differ by. */
export const CLOCK_SKEW_MS = 5_000;

function skewFindings({ skewMs = 0 }: StoreSight): string[] {
  if (Math.abs(skewMs) <= CLOCK_SKEW_MS) return [];
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  return [`its clock is ${seconds} s ${skewMs > 0 ? "ahead of" : "behind"} this computer's: set one of them right`];
}

function clockFindings({ createdAt, by }: RecoverySet, nowMs: number): string[] {
  const aheadMs = Date.parse(createdAt) - nowMs;
  if (aheadMs <= CLOCK_SKEW_MS) return [];
  return [`the newest set is of ${Math.round(aheadMs / 1000)} s from now: this computer's clock or that of ${by} is wrong`];
}

function secretsFindings({ hasKey }: StoreSight, set: RecoverySet): string[] {
  if (!hasKey)
    return [`no recovery key: without the ${set.secretsProvider === "passphrase" ? "passphrase" : "KMS key"}, the secrets are lost`];
  return set.files.some(({ kind }) => kind === "secrets") ? [] : ["the newest set has nothing sealed to the recovery key yet: push again"];
}

function keyFileFindings({ files }: RecoverySet, { keyFiles }: StackSight): string[] {
  const kept = files.filter(({ kind }) => kind === "own").map(({ name }) => name);
  return keyFiles
    .filter((path) => !kept.includes(path))
    .map((path) => `the login key ${path} isn't in it (recovery.files): machines that are still alive need it from elsewhere`);
}

function drillFindings([last]: readonly DrillRecord[], nowMs: number): string[] {
  if (last === undefined) return ["never drilled: fleet drill shows whether it works, and how long it takes"];
  if (!last.ok) return [`the last drill failed, at ${last.startedAt}${last.problem === undefined ? "" : `: ${last.problem}`}`];
  return nowMs - Date.parse(last.startedAt) > DRILL_STALE_MS ? [`the last drill was ${age(nowMs - Date.parse(last.startedAt))} ago`] : [];
}

interface Part {
  what: string;
  ageMs: number;
  objects: number;
  bytes: number;
}

type Dated = [what: string, at: string, objects: readonly StoredObject[]];

/** The newest set's parts with their ages, for the table: what, how old, how much. */
export function parts({ set }: NamedSet, nowMs: number): Part[] {
  const { createdAt, projectFile } = set;
  const all: Dated[] = [
    ["state", set.state.at, [set.state.object]],
    ["configuration", createdAt, [set.stackFile, ...(projectFile === undefined ? [] : [projectFile])]],
    ...releaseParts(set),
    ["runtime bundles", createdAt, set.runtimes.map(({ archive }) => archive)],
    ["tools", createdAt, set.tools.flatMap(({ archive }) => archive ?? [])],
    ["sealed secrets and files", createdAt, set.files.map(({ object }) => object)],
  ];
  return all.flatMap(([what, at, objects]) => {
    const bytes = objects.reduce((sum, object) => sum + object.bytes, 0);
    return objects.length === 0 ? [] : [{ what, ageMs: nowMs - Date.parse(at), objects: objects.length, bytes }];
  });
}

/** Each live one by itself, those of before together. */
function releaseParts({ releases, live, createdAt }: RecoverySet): Dated[] {
  const own = releases.filter(({ id }) => Object.values(live).includes(id));
  const before = releases.filter((release) => !own.includes(release));
  const rows: Dated[] = own.map((release) => [
    `release ${release.id.slice(0, 8)} (${release.fleet}, live)`,
    release.at,
    archivesOf(release),
  ]);
  if (before.length === 0) return rows;
  return [...rows, [`${before.length} releases of before`, before[0]?.at ?? createdAt, before.flatMap(archivesOf)]];
}

/** Everything that the newest set names. */
export const namedBy = ({ set }: NamedSet): StoredObject[] => objectsOf(set);

/** "3 min", "5 h", "12 d". */
export function age(ms: number): string {
  const minutes = Math.max(0, Math.round(ms / 60_000));
  if (minutes < 90) return `${minutes} min`;
  return minutes < 48 * 60 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 1_440)} d`;
}
