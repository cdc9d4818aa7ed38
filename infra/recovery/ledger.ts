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
  packages: (id: string) => Archive | undefined;
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
  machines.forEach(({ fleet, machine: { name }, manifest }, index) => {
    const { id, packages } = manifest.app.release;
    const record = releases.find((candidate) => candidate.fleet === fleet && candidate.id === id);
    const target = records[index]?.target ?? "unknown";
    if (record?.archives[target] === undefined) {
      missing.push(`release ${id.slice(0, 8)}, which ${name} runs`);
    } else if (packages !== undefined && record.packages[target] === undefined) {
      missing.push(`packages ${packages.id.slice(0, 8)}, which ${name} has`);
    }
  });
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
function releaseRecord({ fleet, app, manifest }: LiveMachine, sources: LedgerSources): ReleaseRecord {
  const { earlier, release, at, by } = sources;
  const { id } = manifest.app.release;
  const known = once(earlier.flatMap((set) => set.releases)).find((record) => record.fleet === fleet && record.id === id);
  const here = Object.entries(release(id)).map(([target, archive]) => [target, objectOf(archive)] as const);
  const archives = { ...known?.archives, ...Object.fromEntries(here) };
  return {
    fleet,
    app,
    id,
    command: manifest.app.processes[0].command,
    at: known?.at ?? at,
    by: known?.by ?? by,
    archives,
    packages: { ...known?.packages, ...packagesOf(fleet, id, archives, sources) },
  };
}

/** Of the machines that run the release: their manifests alone say which packages go with it. */
function packagesOf(fleet: string, id: string, archives: ReleaseRecord["archives"], sources: LedgerSources): ReleaseRecord["packages"] {
  const running = sources.machines.filter((machine) => machine.fleet === fleet && machine.manifest.app.release.id === id);
  const found = running.flatMap(({ manifest }) => {
    const { packages } = manifest.app.release;
    const archive = packages === undefined ? undefined : sources.packages(packages.id);
    return packages === undefined || archive === undefined
      ? []
      : [[targetOf(manifest, archives), { id: packages.id, archive: objectOf(archive) }] as const];
  });
  return Object.fromEntries(found);
}

function objectOf({ sha256, bytes }: StoredObject): StoredObject {
  return { sha256, bytes };
}

function machineRecord({ fleet, machine, manifest }: LiveMachine, releases: readonly ReleaseRecord[]): MachineRecord {
  const { id } = manifest.app.release;
  const archives = releases.find((record) => record.fleet === fleet && record.id === id)?.archives ?? {};
  const { name, address, transport } = machine;
  return { fleet, name, address, transport, release: id, runtime: manifest.runtime, target: targetOf(manifest, archives) };
}

/** Which of a release's archives a machine got. */
function targetOf({ app }: LiveMachine["manifest"], archives: ReleaseRecord["archives"]): string {
  const all = Object.entries(archives);
  // Packed on two computers, the same files may differ in their compression.
  const exact = all.find(([, { sha256 }]) => sha256 === app.release.archive.sha256)?.[0];
  return exact ?? (all.length === 1 ? all[0]?.[0] : undefined) ?? "unknown";
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
