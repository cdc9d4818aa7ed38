/** What of a machine isn't as it was confirmed. Pure: what was seen in, sentences out. */

import type { CaddyRuns } from "./caddy-admin.ts";
import { credentialDrift, type SeenCredential } from "./credential-drift.ts";

/** What was seen of one app, beside what its confirmed manifest asks for. */
export interface Seen {
  generation: string;
  /** By path; `accepted` are hashes of what was there at the confirm and of what this agent would write. */
  files: { path: string; hash: string | undefined; accepted: string[] }[];
  /** Links of the generation's folder, and where they must lead. */
  links: { path: string; target: string; now: string | undefined }[];
  /** Folders that must be there. */
  folders: { path: string; what: string; there: boolean }[];
  /** Files of the release that aren't as they were unpacked. */
  changed: string[];
  enabled: string[];
  /** Units that must be enabled, and whether they are. */
  units: { unit: string; enabled: boolean; active: boolean | undefined }[];
  /** Undefined when Caddy wasn't asked, or didn't answer. */
  caddyRuns: CaddyRuns;
  users: { name: string; there: boolean }[];
  credentials: SeenCredential[];
  /** What of the machine's baseline isn't in effect. */
  baseline: string[];
}

/** At most this many of a release's changed files are named. */
const NAMED = 3;

/** What the next `up` mends, in the order of the layers: folders, files, units. */
export function driftOf(seen: Seen): string[] {
  return [
    ...seen.folders.filter(({ there }) => !there).map(({ path, what }) => `${what} is missing (${path})`),
    ...changedRelease(seen.changed),
    ...seen.files.flatMap(({ path, hash, accepted }) =>
      hash === undefined ? [`${path} is missing`] : accepted.length === 0 || accepted.includes(hash) ? [] : [`${path} was changed`],
    ),
    ...credentialDrift(seen.credentials),
    ...seen.links.filter(({ now, target }) => now !== target).map(({ path, now }) => `${path} leads to ${now ?? "nothing"}`),
    ...enabledGeneration(seen),
    ...seen.units.filter(({ enabled }) => !enabled).map(({ unit }) => `${unit} is not enabled`),
    ...seen.units.filter(({ active }) => active === false).map(({ unit }) => `${unit} doesn't run`),
    ...(seen.caddyRuns === "something else" ? ["Caddy runs with another configuration than its file has"] : []),
    ...seen.baseline,
    ...seen.users.filter(({ there }) => !there).map(({ name }) => `the user ${name} is missing`),
  ];
}

function changedRelease(changed: readonly string[]): string[] {
  if (changed.length === 0) return [];
  const named = changed.slice(0, NAMED).join(", ");
  const more = changed.length > NAMED ? ` and ${changed.length - NAMED} more` : "";
  return [`the release's files were changed: ${named}${more}`];
}

function enabledGeneration({ generation, enabled }: Seen): string[] {
  if (enabled.length === 0) return [`a reboot would start no generation; ${generation} was confirmed`];
  const others = enabled.filter((name) => name !== generation);
  return others.length === 0 ? [] : [`a reboot would start generation ${others.join(" and ")}; ${generation} was confirmed`];
}

/** What `up` can't mend. */
export interface Noted {
  workers: { wanted: number; ready: number } | undefined;
  /** A switch that isn't confirmed; `leased` while a rollout may still confirm it. */
  pending: { applyId: string; leased: boolean } | undefined;
  /** Why the machine should be started again. */
  reboot: string | undefined;
  /** In words; undefined for what is well. */
  others?: readonly (string | undefined)[];
}

export function notesOf({ workers, pending, reboot, others = [] }: Noted): string[] {
  return [
    ...(workers !== undefined && workers.ready < workers.wanted ? [`${workers.ready} of ${workers.wanted} workers are ready`] : []),
    ...(pending === undefined
      ? []
      : [`apply ${pending.applyId} ${pending.leased ? "awaits its confirm" : "was left unconfirmed; it is about to be undone"}`]),
    ...(reboot === undefined ? [] : [`a reboot is due: ${reboot}`]),
    ...others.filter((note) => note !== undefined),
  ];
}

/**
 * Why a machine should be started again, if it should.
 * @param required text of /run/reboot-required, where that is
 * @param kernels versions that /boot has, in any order
 */
export function rebootReason(required: string | undefined, running: string, kernels: readonly string[]): string | undefined {
  const newest = kernels.toSorted(byVersion).at(-1);
  // A container runs its host's kernel, and may have none of its own or others.
  if (newest !== undefined && kernels.includes(running) && newest !== running) return `kernel ${newest} is installed, ${running} runs`;
  return required === undefined ? undefined : "the system's updates ask for it";
}

/** "6.1.0-9-amd64" before "6.1.0-13-amd64". */
function byVersion(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}
