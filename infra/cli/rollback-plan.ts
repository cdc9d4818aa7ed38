/** What a rollback goes back to, decided before anything is done. Pure. */
import { type Manifest, manifestSchema } from "../../runtime/manifest.ts";
import type { HistoryLine, Releases } from "../../runtime/report.ts";
import { exitCodes, FleetError } from "../errors.ts";
import { short } from "../rollout/plan.ts";

export interface Reported {
  name: string;
  releases: Releases;
}

/** One machine's way back. */
export interface Back {
  name: string;
  /** What it shall run. */
  manifest: Manifest;
  generation: string;
  /** The release that it leaves. */
  from: string;
  /** The one that the last `up` brought, so that the configuration still names it; undefined when none did. */
  configured: string | undefined;
  /** The bundle of its newest agent. */
  agentRuntime: string;
}

export interface RollbackPlan {
  release: string;
  machines: Back[];
  /** Machines that run it already. */
  there: string[];
}

const kept = "everything; nothing was switched.";

/**
 * @param to a release's id or its beginning, or a generation's; without it, the release before the live one
 * @throws FleetError when that isn't one and the same everywhere, or some machine doesn't have it
 */
export function planRollback(machines: readonly Reported[], to: string | undefined): RollbackPlan {
  const target = to === undefined ? { release: releaseBeforeAll(machines), generation: undefined } : findTarget(machines, to);
  const found = machines.map((machine) => ({ machine, stored: storedFor(machine.releases, target) }));
  const lacking = found.filter(({ stored }) => stored === undefined).map(({ machine }) => machine.name);
  if (lacking.length > 0) throw lacks(target.release, lacking, machines);
  const backs = found.flatMap(({ machine, stored }) => (stored === undefined ? [] : [backOf(machine, stored)]));
  const isThere = ({ machine, stored }: (typeof found)[number]): boolean => machine.releases.live?.generation === stored?.generation;
  const there = found.filter(isThere).map(({ machine }) => machine.name);
  if (there.length === machines.length) {
    throw new FleetError(`every machine runs release ${short(target.release)} already.`, { kept, exitCode: exitCodes.usage });
  }
  return { release: target.release, machines: backs, there };
}

/**
 * The release that was live before the one that is, by what was confirmed. A rollback takes what it left off again, so that
 * two of them in a row go back twice, not forth.
 */
export function releaseBefore(history: readonly HistoryLine[]): string | undefined {
  const stack: string[] = [];
  for (const { event, release, rollbackFrom } of history) {
    if (event !== "confirmed") continue;
    if (rollbackFrom !== undefined && stack.includes(release)) stack.length = stack.lastIndexOf(release) + 1;
    else if (stack.at(-1) !== release) stack.push(release);
  }
  return stack.at(-2);
}

function releaseBeforeAll(machines: readonly Reported[]): string {
  const each = machines.map(({ name, releases }) => ({ name, before: releaseBefore(releases.history) }));
  const [first] = each;
  if (first?.before !== undefined && each.every(({ before }) => before === first.before)) return first.before;
  const lines = each.map(({ name, before }) => `${name}: ${before === undefined ? "none" : short(before)}`);
  throw new FleetError(
    each.every(({ before }) => before === undefined)
      ? "there is no release before this one."
      : `the machines don't agree on the release before this one:\n  ${lines.join("\n  ")}`,
    { kept, next: "see `fleet releases`, and name the release: fleet rollback --to RELEASE", exitCode: exitCodes.usage },
  );
}

interface Target {
  release: string;
  /** Only this one, where a generation was named. */
  generation: string | undefined;
}

function findTarget(machines: readonly Reported[], to: string): Target {
  const stored = machines.flatMap(({ releases }) => releases.stored);
  const releases = [...new Set(stored.filter(({ release }) => release.startsWith(to)).map(({ release }) => release))];
  const [only] = releases;
  if (only !== undefined && releases.length === 1) return { release: only, generation: undefined };
  const generation = stored.find((entry) => entry.generation === to);
  if (generation !== undefined) return { release: generation.release, generation: to };
  const what = releases.length > 1 ? `"${to}" is the beginning of several releases` : `no machine has a release "${to}"`;
  throw new FleetError(`${what}.`, { kept, next: `name one of: ${known(machines)}`, exitCode: exitCodes.usage });
}

type Stored = Releases["stored"][number];

/** Of several generations of a release, the one that was confirmed last: its settings were the last to serve with it. */
function storedFor({ stored, history }: Releases, { release, generation }: Target): Stored | undefined {
  const able = stored.filter((entry) => entry.complete && entry.manifest !== undefined);
  if (generation !== undefined) return able.find((entry) => entry.generation === generation);
  const candidates = able.filter((entry) => entry.release === release);
  const last = history.findLast((line) => line.event === "confirmed" && candidates.some((entry) => entry.generation === line.generation));
  return candidates.find((entry) => entry.generation === last?.generation) ?? candidates.at(-1);
}

/** HTTPS, the baseline and what is told stay as they are now: they belong to the machine, not to a release. */
function backOf({ name, releases: { live, agentRuntime, history } }: Reported, stored: Stored): Back {
  const manifest = manifestSchema.parse(stored.manifest);
  return {
    name,
    manifest: live === null ? manifest : manifestSchema.parse({ ...manifest, ...machinesOwn(live) }),
    generation: stored.generation,
    from: live?.release ?? "",
    configured: history.findLast(({ event, rollbackFrom }) => event === "confirmed" && rollbackFrom === undefined)?.release,
    agentRuntime,
  };
}

const machinesOwn = ({ https, hardening, cloudwatch }: NonNullable<Releases["live"]>) => ({ https, hardening, cloudwatch });

function lacks(release: string, names: readonly string[], machines: readonly Reported[]): FleetError {
  const verb = names.length === 1 ? "doesn't have" : "don't have";
  return new FleetError(`${names.join(", ")} ${verb} release ${short(release)} (any more).`, {
    kept,
    next: `name one that all have: ${known(machines)}; or check out the old version of the app and bring it up.`,
    exitCode: exitCodes.usage,
  });
}

/** Releases that every machine could go back to. */
function known(machines: readonly Reported[]): string {
  const able = ({ releases }: Reported) => releases.stored.filter((entry) => entry.complete).map(({ release }) => release);
  const [first, ...others] = machines.map((machine) => new Set(able(machine)));
  const common = [...(first ?? [])].filter((release) => others.every((set) => set.has(release)));
  return common.length === 0 ? "there is none" : common.map(short).join(", ");
}
