/** The ledger of releases and runtime bundles: what is live with its archives, and what was. Pure. */
import type { Archive } from "../build/archive.ts";
import { type LiveMachine, liveReleases } from "./live.ts";
import type { MachineRecord, RecoverySet, ReleaseRecord, RuntimeRecord, StoredObject } from "./set.ts";

/** Releases that are no longer live and can still be recovered, beside those that are. */
const KEEP_RELEASES = 10;

export interface Ledger extends Pick<RecoverySet, "live" | "releases" | "runtimes" | "machines"> {
  /** Live things of which nobody has an archive, for people. */
  missing: string[];
}

export interface LedgerSources {
  machines: readonly LiveMachine[];
  /** Ledgers of before, the newest first. */
  earlier: readonly RecoverySet[];
  /** Of this computer's cache. */
  release: (id: string) => Record<string, Archive>;
  runtime: (id: string) => Archive | undefined;
  at: string;
  by: string;
}

export function ledgerOf(sources: LedgerSources): Ledger {
  const { machines, earlier } = sources;
  const missing: string[] = [];
  const live = [...new Map(machines.map((machine) => [keyOf(machine.fleet, machine.manifest.app.release.id), machine])).values()];
  const releases = live.map((machine) => releaseRecord(machine, sources));
  const records = machines.map((machine) => machineRecord(machine, releases));
  const runtimes = runtimeRecords(records, sources);
  for (const { name, release, target } of records) {
    const known = releases.find(({ id }) => id === release)?.archives[target];
    if (known === undefined) missing.push(`release ${release.slice(0, 8)}, which ${name} runs`);
  }
  for (const { name, runtime } of records) {
    if (!runtimes.some(({ id }) => id === runtime)) missing.push(`runtime bundle ${runtime.slice(0, 8)}, which ${name} runs`);
  }
  const known = new Set(releases.map(({ fleet, id }) => keyOf(fleet, id)));
  const before = once(earlier.flatMap((set) => set.releases)).filter(({ fleet, id }) => !known.has(keyOf(fleet, id)));
  return { live: liveReleases(machines), releases: [...releases, ...before.slice(0, KEEP_RELEASES)], runtimes, machines: records, missing };
}

const keyOf = (fleet: string, id: string): string => `${fleet}/${id}`;

function once(records: readonly ReleaseRecord[]): ReleaseRecord[] {
  const first = new Map<string, ReleaseRecord>();
  for (const record of records) if (!first.has(keyOf(record.fleet, record.id))) first.set(keyOf(record.fleet, record.id), record);
  return [...first.values()].toSorted((a, b) => b.at.localeCompare(a.at));
}

/** What this computer has comes first: it can be put into any store. */
function releaseRecord({ fleet, app, manifest }: LiveMachine, { earlier, release, at, by }: LedgerSources): ReleaseRecord {
  const { id } = manifest.app.release;
  const known = once(earlier.flatMap((set) => set.releases)).find((record) => record.fleet === fleet && record.id === id);
  const here = Object.entries(release(id)).map(([target, archive]) => [target, objectOf(archive)] as const);
  return {
    fleet,
    app,
    id,
    command: manifest.app.processes[0].command,
    at: known?.at ?? at,
    by: known?.by ?? by,
    archives: { ...known?.archives, ...Object.fromEntries(here) },
  };
}

function objectOf({ sha256, bytes }: StoredObject): StoredObject {
  return { sha256, bytes };
}

function machineRecord({ fleet, machine, manifest }: LiveMachine, releases: readonly ReleaseRecord[]): MachineRecord {
  const { id, archive } = manifest.app.release;
  const archives = Object.entries(releases.find((record) => record.fleet === fleet && record.id === id)?.archives ?? {});
  // Packed on two computers, the same files may differ in their compression.
  const exact = archives.find(([, { sha256 }]) => sha256 === archive.sha256)?.[0];
  const target = exact ?? (archives.length === 1 ? archives[0]?.[0] : undefined) ?? "unknown";
  const { name, address, transport } = machine;
  return { fleet, name, address, transport, release: id, runtime: manifest.runtime, target };
}

function runtimeRecords(machines: readonly MachineRecord[], { earlier, runtime }: LedgerSources): RuntimeRecord[] {
  const before = earlier.flatMap((set) => set.runtimes);
  return [...new Map(machines.map((machine) => [machine.runtime, machine])).values()].flatMap(({ runtime: id, target }) => {
    const archive = runtime(id);
    const known = before.find((record) => record.id === id);
    const arch = known?.arch ?? archOf(target);
    if (archive !== undefined && arch !== undefined) return [{ id, arch, archive: objectOf(archive) }];
    return known === undefined ? [] : [known];
  });
}

/** A target begins with its architecture. */
function archOf(target: string): RuntimeRecord["arch"] | undefined {
  return (["x64", "arm64"] as const).find((arch) => target === arch || target.startsWith(`${arch}-`));
}
