/**
 * `fleethost converge`: at boot, before the sockets and apps. Files and links only: a job that waits for something
 * ordered after this unit would never end.
 */
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { generationOf } from "../manifest.ts";
import { discardPrepared, isDecided, rememberConfirmed } from "./confirm.ts";
import { settleChange, undoChange } from "./baseline/harden.ts";
import { readChange } from "./baseline/record.ts";
import type { Agent } from "./context.ts";
import { linkIfChanged, temporaryPrefix } from "./files.ts";
import { disarmLease } from "./lease.ts";
import { pointSocket } from "./machine-files.ts";
import { unitNames } from "./paths.ts";
import { endPending, type Pending, readPending, readState, recordedApps, removePending } from "./records.ts";
import { confirmedGeneration } from "./switch-plan.ts";
import { enabledGenerations, systemctl } from "./systemd.ts";

/** @returns what was put right, for people. */
export async function converge(agent: Agent): Promise<string[]> {
  const mended: string[] = [];
  let reload = false;
  for (const app of await recordedApps(agent.paths)) {
    mended.push(...(await clearPending(agent, app)), ...(await clearTemporaries(agent, app)));
    const links = await settleLinks(agent, app);
    reload ||= links.length > 0;
    mended.push(...links);
  }
  const softened = await softenAgain(agent);
  reload ||= softened.length > 0;
  mended.push(...softened);
  // Not a job: systemd reads its files again and goes on with the boot.
  if (reload) await systemctl(agent, "daemon-reload");
  return mended;
}

/** A baseline that wasn't confirmed before the boot. */
async function softenAgain(agent: Agent): Promise<string[]> {
  const change = await readChange(agent);
  if (change === undefined || change.bootId === (await agent.clock.bootId())) return [];
  const undone = await undoChange(agent, "boot");
  return undone.map((name) => `hardening: ${name} is as before, as it was not confirmed before the boot`);
}

/** A switch of an earlier boot is over; one of this boot has a lease that somebody watches. */
async function clearPending(agent: Agent, app: string): Promise<string[]> {
  const pending = await readPending(agent, app);
  if (pending === undefined || pending.bootId === (await agent.clock.bootId())) return [];
  if (isDecided(await readState(agent, app), pending)) return completeLinks(agent, app, pending);
  await discardPrepared(agent, app);
  await endPending(agent, app, pending, "reverted", "the machine was started again before it was confirmed");
  await disarmLease(agent, app);
  return [`${app}: apply ${pending.applyId} was not confirmed before the boot`];
}

/**
 * The confirm had its effect, but not its links; `settleLinks` takes away those of before. The boot starts what it had
 * planned all the same: see `settle`.
 */
async function completeLinks(agent: Agent, app: string, pending: Pending): Promise<string[]> {
  const { paths } = agent;
  for (const unit of [unitNames.generation(app, generationOf(pending.manifest)), unitNames.caddy])
    await linkIfChanged(join(paths.wants("multi-user.target"), unit), paths.unit(unit));
  await rememberConfirmed(agent, app, pending);
  await removePending(agent, app);
  await settleChange(agent);
  await discardPrepared(agent, app);
  await disarmLease(agent, app);
  return [`${app}: the confirm of apply ${pending.applyId} was completed`];
}

async function clearTemporaries({ paths }: Agent, app: string): Promise<string[]> {
  const removed: string[] = [];
  for (const folder of [paths.releases(app), paths.generations(app), paths.record(app, ".")]) {
    const names = await readdir(folder).catch(() => []);
    for (const name of names.filter((entry) => entry.startsWith(temporaryPrefix))) {
      await rm(join(folder, name), { recursive: true, force: true });
      removed.push(`${app}: removed ${join(folder, name)}`);
    }
  }
  return removed;
}

/** One generation is enabled and the socket wakes that one, also when a confirm was cut short. */
async function settleLinks(agent: Agent, app: string): Promise<string[]> {
  const { paths } = agent;
  const mended: string[] = [];
  const enabled = await enabledGenerations(agent, app);
  const confirmed = confirmedGeneration(enabled, (await readState(agent, app))?.generation);
  for (const generation of enabled.filter((name) => name !== confirmed)) {
    await rm(join(paths.wants("multi-user.target"), unitNames.generation(app, generation)), { force: true });
    mended.push(`${app}: generation ${generation} is no longer enabled beside ${confirmed}`);
  }
  const socketLink = join(paths.wants("sockets.target"), unitNames.socket(app));
  if (confirmed === undefined) return mended;
  if (await pointSocket(agent, app, confirmed)) mended.push(`${app}: its socket wakes generation ${confirmed}`);
  if (await linkIfChanged(socketLink, paths.unit(unitNames.socket(app)))) mended.push(`${app}: its socket is enabled`);
  return mended;
}
