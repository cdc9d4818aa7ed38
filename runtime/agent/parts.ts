/** The parts of a release: which of them this machine lacks, and puts in their place when they are given. */
import type { Manifest } from "../manifest.ts";
import { type ReleasePart, releaseParts } from "../report.ts";
import type { Agent } from "./context.ts";
import { installPackages, packagesAreThere } from "./packages.ts";
import { installRelease, releaseIsThere } from "./releases.ts";

/** Paths of archives that are given; not looked at when what they hold is there already. */
export type GivenArchives = Partial<Record<ReleasePart, string | undefined>>;

/** @returns what is missing; nothing was installed then. @throws AgentFailure */
export async function putRelease(agent: Agent, manifest: Manifest, given: GivenArchives): Promise<ReleasePart[]> {
  const { id } = manifest.app.release;
  const say = (how: string): void => agent.report.step("release", `${id.slice(0, 12)} ${how}`);
  if (await releaseIsThere(agent, manifest)) {
    say("was there already");
    return [];
  }
  const packagesLack = !(await packagesAreThere(agent, manifest));
  const lacking = releaseParts.filter((part) => part === "release" || packagesLack);
  const needs = lacking.filter((part) => given[part] === undefined);
  if (needs.length > 0) return needs;
  if (packagesLack && given.packages !== undefined) await installPackages(agent, manifest, given.packages);
  if (given.release !== undefined) await installRelease(agent, manifest, given.release);
  say("unpacked");
  return [];
}
