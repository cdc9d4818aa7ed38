/** What has changed between two sets of inputs, and whether that replaces the resource. Pure. */
import { isDeepStrictEqual } from "node:util";
import type { ResourceSchema } from "./schema.ts";
import { isMap, isSecret, isSource, open, source, type Wire, type WireMap } from "./wire.ts";

export type Change = "add" | "delete" | "update";

export interface Difference {
  /** Path of what changed, as the engine writes paths: `environment.HOME`, `triggers[0]`. */
  path: string;
  change: Change;
  replaces: boolean;
}

/** All differences; a secret or an asset is one value, whatever is inside. Properties of `ignored` count as unchanged. */
export function differences(schema: ResourceSchema, olds: WireMap, news: WireMap, ignored: readonly string[] = []): Difference[] {
  return compareMaps(without(olds, ignored), without(news, ignored), "").map((found) => {
    const top = /^[^.[]+/.exec(found.path)?.[0] ?? found.path;
    return { ...found, replaces: schema.replaceOnly === true || schema.inputs[top]?.replaces === true };
  });
}

type Found = Omit<Difference, "replaces">;

// Names that start so are the engine's own.
const without = (map: WireMap, ignored: readonly string[]): WireMap =>
  Object.fromEntries(Object.entries(map).filter(([key]) => key !== "version" && !key.startsWith("__") && !ignored.includes(key)));

function compareMaps(olds: WireMap, news: WireMap, prefix: string): Found[] {
  const keys = new Set([...Object.keys(olds), ...Object.keys(news)]);
  return [...keys].flatMap((key) => compare(olds[key], news[key], `${prefix}${segment(key, prefix === "")}`));
}

// The engine parses paths: a key that isn't a plain name is quoted.
function segment(key: string, first: boolean): string {
  if (!/^[A-Za-z_$][\w$]*$/.test(key)) return `[${JSON.stringify(key)}]`;
  return first ? key : `.${key}`;
}

function compare(old: Wire | undefined, now: Wire | undefined, path: string): Found[] {
  if (isNothing(old) || isNothing(now)) {
    if (isNothing(old) && isNothing(now)) return [];
    return [{ path, change: isNothing(old) ? "add" : "delete" }];
  }
  if (isLeaf(old) || isLeaf(now)) return same(old, now) ? [] : [{ path, change: "update" }];
  if (Array.isArray(old) && Array.isArray(now)) {
    const length = Math.max(old.length, now.length);
    return Array.from({ length }, (_, index) => compare(old[index], now[index], `${path}[${index}]`)).flat();
  }
  if (isMap(old) && isMap(now)) return compareMaps(old, now, path);
  return [{ path, change: "update" }];
}

const isNothing = (value: Wire | undefined): value is null | undefined => value === undefined || value === null;

const isLeaf = (value: Wire): boolean => typeof value !== "object" || isSecret(value) || isSource(value);

function same(old: Wire, now: Wire): boolean {
  if (isSecret(old) !== isSecret(now)) return false;
  const hashes = [old, now].map((value) => {
    const read = source(value);
    return read && ("asset" in read ? read.asset.hash : read.archive.hash);
  });
  // The same content at another path is no change: that is what hashes are for.
  if (hashes[0] && hashes[1]) return hashes[0] === hashes[1];
  return isDeepStrictEqual(open(old), open(now));
}
