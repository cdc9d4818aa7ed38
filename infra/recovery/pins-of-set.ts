/** What of a set goes onto machines. Pure. */
import { exitCodes, FleetError } from "../errors.ts";
import type { Pin, Pins } from "./pins.ts";
import { archivesOf, type NamedSet, type RecoverySet, type ReleaseRecord, type StoredObject } from "./set.ts";

/**
 * The live releases of a set, or an earlier one.
 * @param release its id, or the beginning of it; goes for every fleet of the stack that had it
 * @throws FleetError when the set doesn't have it, or has several that begin so
 */
export function pinsOf({ id, set }: NamedSet, release?: string): Pins {
  const chosen = new Map(Object.entries(set.live));
  if (release !== undefined) for (const record of recordsOf(set, release)) chosen.set(record.fleet, record.id);
  const fleets = [...chosen].map(([fleet, wanted]): [string, Pin] => [fleet, pinFor(id, set, fleet, wanted)]);
  return { schema: 1, fleets: Object.fromEntries(fleets) };
}

function recordsOf(set: RecoverySet, release: string): ReleaseRecord[] {
  const found = set.releases.filter(({ id }) => id.startsWith(release));
  const ids = new Set(found.map(({ id }) => id));
  if (ids.size === 1) return found;
  throw new FleetError(`${ids.size === 0 ? "the store has no release" : "several releases of the store begin with"} "${release}".`, {
    log: set.releases.map(({ fleet, id, at }) => `${id.slice(0, 12)}  ${fleet}, put by ${at}`),
    kept: "everything; nothing was touched.",
    next: "name one of these: --release ID",
    exitCode: exitCodes.usage,
  });
}

function pinFor(setId: string, set: RecoverySet, fleet: string, id: string): Pin {
  const record = set.releases.find((candidate) => candidate.fleet === fleet && candidate.id === id);
  if (record === undefined) {
    throw new FleetError(`set ${setId} says that fleet "${fleet}" ran ${id.slice(0, 12)}, and has no record of it.`, {
      kept: "everything; nothing was touched.",
      next: "take an earlier set (--set ID; fleet recovery status lists them), or a release that it has (--release ID)",
    });
  }
  return {
    app: { name: record.app, command: record.command },
    release: { id, archives: record.archives, packages: record.packages },
    runtimes: Object.fromEntries(runtimesOf(set, fleet).map(({ id: runtime, arch, archive }) => [arch, { id: runtime, ...archive }])),
  };
}

/** Those that its machines ran come last, and so count where a set has several for an architecture. */
function runtimesOf({ runtimes, machines }: RecoverySet, fleet: string): RecoverySet["runtimes"] {
  const used = new Set(machines.filter((machine) => machine.fleet === fleet).map(({ runtime }) => runtime));
  return runtimes.toSorted((a, b) => Number(used.has(a.id)) - Number(used.has(b.id)));
}

/** Every archive that the pins name, once each. */
export function objectsOfPins({ fleets }: Pins): StoredObject[] {
  const all = Object.values(fleets).flatMap(({ release, runtimes }) => [...archivesOf(release), ...Object.values(runtimes)]);
  return [...new Map(all.map(({ sha256, bytes }) => [sha256, { sha256, bytes }])).values()];
}
