/** What a drill proves beside the recovery itself. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Candidate } from "../recovery/candidates.ts";
import { spoiledCopy } from "../recovery/drill-control.ts";
import type { DrillPlace } from "../recovery/drill-place.ts";
import type { Check } from "../recovery/drill-report.ts";
import type { NamedSet, RecoverySet } from "../recovery/set.ts";
import { lookAt, type MachineSight } from "../recovery/sight.ts";
import type { RecoveryStore } from "../recovery/store/store.ts";
import { runInPlace, runRecover } from "./drill-run.ts";

/** A fleet that is as it should be is left as it is. */
export async function secondRunCheck(place: DrillPlace, words: readonly string[]): Promise<Check> {
  const { problem, report } = await runRecover(place, words);
  const changes = report?.changes ?? 0;
  return { what: "a second run changes nothing", problem: problem ?? (changes === 0 ? undefined : `it changed ${changes} resources`) };
}

/** The drill's own machines are not in it, so that it isn't imported: read it is all the same. */
export async function stateCheck(store: RecoveryStore, { state }: RecoverySet): Promise<Check> {
  const what = `the state is whole: ${state.resources} resources`;
  try {
    const { deployment } = JSON.parse((await store.getBytes(state.object)).toString("utf8")) as { deployment?: { resources?: unknown[] } };
    const found = deployment?.resources?.length ?? 0;
    return { what, problem: found === state.resources ? undefined : `it has ${found}` };
  } catch (error) {
    return { what, problem: (error as Error).message };
  }
}

/** Must fail, and for that one reason. */
export async function controlCheck(place: DrillPlace, store: RecoveryStore, named: NamedSet, words: readonly string[]): Promise<Check> {
  const what = "negative control: a spoiled archive stops a recovery";
  const folder = join(place.folder, "control");
  try {
    const spoiled = await spoiledCopy(store, named, folder);
    const { code, stdout } = await runInPlace(place, ["recover", "--from", folder, ...words, "--check"]);
    const told = stdout.filter((line) => line.includes("spoiled"));
    if (code === 0) return { what, problem: "it was taken for whole" };
    const right = told.length === 1 && told[0]?.includes(spoiled.sha256.slice(0, 12));
    return { what, problem: right ? undefined : `it was stopped for another reason: ${stdout.join("; ")}` };
  } catch (error) {
    return { what, problem: (error as Error).message };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * The living fleet's machines, as far as they answer: those of the set, and those that the stack's file here names now.
 * @param now of the stack's file; it wins, as a machine may have been rebuilt since the set
 */
export function livingNow({ machines, releases }: RecoverySet, now: readonly Candidate[]): Promise<MachineSight[]> {
  const ofSet = machines.map(({ fleet, name, address, transport }) => {
    const app = releases.find((release) => release.fleet === fleet)?.app ?? fleet;
    return { fleet, app, name, address, transport };
  });
  return lookAt([...new Map([...ofSet, ...now].map((machine) => [`${machine.fleet}/${machine.name}`, machine])).values()]);
}

/** A machine that was never asked anything can't have been touched; whoever answers says when it last changed. */
export function livingCheck(before: readonly MachineSight[], after: readonly MachineSight[]): Check {
  const touched = before.flatMap((sight, index) => (sameStanding(sight, after[index]) ? [] : [sight.name]));
  const alive = before.filter(({ standing }) => standing.state === "alive").length;
  const problem = touched.length === 0 ? undefined : `changed: ${touched.join(", ")}`;
  return { what: `the living fleet is as before: ${alive} machines answer`, problem };
}

function sameStanding({ standing: a }: MachineSight, after: MachineSight | undefined): boolean {
  const b = after?.standing;
  if (a.state !== "alive") return true;
  return b?.state === "alive" && a.release === b.release && a.changedAtMs === b.changedAtMs;
}
