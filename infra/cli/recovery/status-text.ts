/** What `fleet recovery status` prints: what is missing first, then how old each thing is, then one verdict and the next command. Pure. */
import { shellQuote } from "../../shell.ts";
import { fleetCommand } from "../command-words.ts";
import { age, type Finding, parts, type StoreSight } from "../../recovery/assess.ts";

export interface StatusAbout {
  stack: string;
  nowMs: number;
  /** Of one store, named by `--from`: where it is asked, there may be no fleet that could be put by. */
  storeOnly?: boolean;
}

export function statusText(sights: readonly StoreSight[], findings: readonly Finding[], about: StatusAbout): string {
  const stops = findings.filter(({ kind }) => kind === "stops");
  const warns = findings.filter(({ kind }) => kind === "warns");
  return `${[
    ...stops.map(({ store, text }) => `MISSING  ${store}: ${text}`),
    ...warns.map(({ store, text }) => `warning  ${store}: ${text}`),
    ...(findings.length === 0 ? [] : [""]),
    ...sights.flatMap((sight) => storeLines(sight, about.nowMs)),
    verdict(sights, stops, about),
  ].join("\n")}\n`;
}

function storeLines(sight: StoreSight, nowMs: number): string[] {
  const { newest } = sight;
  if (newest === undefined) return [];
  const rows = parts(newest, nowMs);
  const ageOf = (instant: string): string => age(nowMs - Date.parse(instant));
  const width = Math.max(...rows.map(({ what }) => what.length));
  return [
    sight.url,
    `  set ${newest.id}, ${ageOf(newest.set.createdAt)} old, after ${newest.set.after} by ${newest.set.by}; ${sight.sets} in all`,
    ...rows.map((row) => `  ${row.what.padEnd(width)}  ${cells(row)}`),
    `  ${drillLine(sight, nowMs)}`,
    `  ${sight.verified ? "every object was read and hashed" : "objects were looked up with their sizes; --verify reads them all"}`,
    "",
  ];
}

function cells({ ageMs, objects, bytes }: { ageMs: number; objects: number; bytes: number }): string {
  return `${age(ageMs).padStart(7)}  ${String(objects).padStart(3)} objects  ${(bytes / 1e6).toFixed(1).padStart(7)} MB`;
}

function drillLine({ drills: [last] }: StoreSight, nowMs: number): string {
  if (last === undefined) return "no drill yet";
  const took = last.rtoMs === null ? "" : `, serving after ${(last.rtoMs / 1000).toFixed(1)} s`;
  return `last drill ${age(nowMs - Date.parse(last.startedAt))} ago: ${last.ok ? "passed" : "FAILED"}${took}, ${last.machines} machines`;
}

/** A recovery takes one store: the first one that nothing is missing in. */
function verdict(sights: readonly StoreSight[], stops: readonly Finding[], about: StatusAbout): string {
  const { stack } = about;
  const whole = sights.find(({ url }) => !stops.some(({ store }) => store === url));
  const recover = (url: string): string => fleetCommand(`recover --from ${shellQuote(url)} --stack ${stack} --check`);
  if (stops.length === 0 && whole !== undefined) return `A recovery could succeed now. Next, if it must: ${recover(whole.url)}`;
  const next = `Next: ${mend(sights, stops, about)}, then this again.`;
  if (whole === undefined) return `A recovery could NOT bring back the fleet as it is. ${next}`;
  return `A recovery could NOT bring back the fleet as it is from every store; ${whole.url} could. ${next}`;
}

/** A push fills what is missing, but not a store that doesn't answer. */
function mend(sights: readonly StoreSight[], stops: readonly Finding[], { stack, storeOnly = false }: StatusAbout): string {
  const silent = sights.filter(({ unreachable }) => unreachable !== undefined).map(({ url }) => url);
  if (stops.every(({ store }) => silent.includes(store))) return `mend what ${silent.length === 1 ? "it" : "they"} can't be read for`;
  const push = fleetCommand(`recovery push --verify --stack ${stack}`);
  return storeOnly ? `another copy of the store; or, where the fleet is up, ${push}` : push;
}
