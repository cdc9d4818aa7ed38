/** All that Fleetwright may keep of a machine's baseline, in the order in which it is applied. */
import type { Manifest } from "../../manifest.ts";
import type { Agent } from "../context.ts";
import type { Paths } from "../paths.ts";
import { firewall } from "./firewall.ts";
import { logs } from "./logs.ts";
import { metrics } from "./metrics.ts";
import type { BaselinePart } from "./part.ts";
import { reboots } from "./reboots.ts";
import { sshd } from "./sshd.ts";
import { upgrades } from "./upgrades.ts";

export const baselineParts: readonly BaselinePart[] = [upgrades, reboots, metrics, logs, sshd, firewall];

/** Paths of the files that a machine with this manifest has for it. Pure. */
export function baselinePaths(paths: Paths, manifest: Manifest): string[] {
  return baselineParts.filter((part) => part.asked(manifest)).flatMap((part) => part.files(paths).map(({ path }) => path));
}

/** What of it isn't in effect, for people. */
export async function lackingBaseline(agent: Pick<Agent, "run" | "paths">, manifest: Manifest): Promise<string[]> {
  const asked = baselineParts.filter((part) => part.asked(manifest));
  return (await Promise.all(asked.map((part) => part.lacks(agent)))).flat();
}
