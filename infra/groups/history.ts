/** What a group was on, one after the other, and what it would go back to. Pure. */
import { exitCodes, FleetError } from "../errors.ts";

/** One release that a group was brought onto, or was to be. */
export interface GroupRelease {
  /** When it ended; undefined where nobody knows any more. */
  at: string | undefined;
  /** What the group is brought onto: the launch template's version, or in place the manifest's sha256. */
  key: string;
  /** The release's id; undefined where its manifest isn't there any more. */
  release: string | undefined;
  /** Whether the group was on it, and can be again. */
  came: boolean;
  /** How it ended, for people. */
  end: string;
}

export interface GroupHistory {
  /** The oldest first. */
  releases: GroupRelease[];
  /** What new machines are made of. */
  current: string | undefined;
}

/**
 * What the group was on before. Going back takes what was left off again, so that two of them in a row go back twice, not forth.
 * @param keys what it was on, the oldest first
 */
export function before(keys: readonly string[]): string | undefined {
  const stack: string[] = [];
  for (const key of keys) {
    const at = stack.indexOf(key);
    if (at === -1) stack.push(key);
    else stack.length = at + 1;
  }
  return stack.at(-2);
}

/**
 * What a rollback goes back to.
 * @param to the beginning of a release's id or a manifest's hash, or a version; without it, what the group was on before
 * @throws FleetError when there is no such one, or the group is on it
 */
export function chooseBack({ releases, current }: GroupHistory, to: string | undefined): GroupRelease {
  const came = releases.filter((release) => release.came);
  const key = to === undefined ? before(came.map((release) => release.key)) : undefined;
  const begins = ({ release, key: its }: GroupRelease, text: string): boolean =>
    its === text || [release, hash(its)].some((one) => one?.startsWith(text) === true);
  const matches = (release: GroupRelease): boolean => (to === undefined ? release.key === key : begins(release, to));
  const found = came.filter(matches);
  const [chosen] = found.slice(-1);
  if (chosen === undefined) throw noneSuch(came, to);
  if (new Set(found.map((release) => release.release)).size > 1) throw refused(`"${to}" is the beginning of several releases.`, came);
  if (chosen.key === current) throw refused(`the group is on ${name(chosen)} already.`, came);
  return chosen;
}

/** A version is a short number: it has no beginning. */
const hash = (key: string): string | undefined => (/^[0-9a-f]{64}$/.test(key) ? key : undefined);

function noneSuch(came: readonly GroupRelease[], to: string | undefined): FleetError {
  const what =
    to === undefined ? "nothing is there that the group was on before." : `there is no "${to}" that the group was on, and could be again.`;
  return refused(what, came);
}

function refused(what: string, came: readonly GroupRelease[]): FleetError {
  return new FleetError(what, {
    kept: "everything; nothing was begun.",
    next: came.length === 0 ? "run up with the release that you want." : `name one of: ${[...new Set(came.map(name))].join(", ")}`,
    exitCode: exitCodes.usage,
  });
}

/** For people: its release's id where that is known. */
export function name({ key, release }: Pick<GroupRelease, "key" | "release">): string {
  const where = hash(key) === undefined ? `version ${key}` : `manifest ${key.slice(0, 12)}`;
  return release === undefined ? where : `${release.slice(0, 12)} (${where})`;
}
