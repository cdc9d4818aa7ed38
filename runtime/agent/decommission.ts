/** `fleethost decommission`: takes an app off this machine, and with the last one everything of ours. Idempotent. */
import { readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { removeBaseline } from "./baseline/harden.ts";
import type { Agent } from "./context.ts";
import { namesIn, readIfThere } from "./files.ts";
import { generationInUnit, unitNames } from "./paths.ts";
import { recordedApps } from "./records.ts";
import { showUnits, systemctl } from "./systemd.ts";
import { appUser, caddyUser, unitMark } from "./units.ts";

export interface Decommissioned extends Record<string, unknown> {
  app: string;
  /** Apps that stay on this machine. */
  others: string[];
}

/** The agent's own runtime goes last: it runs from it. */
export async function decommission(agent: Agent, app: string): Promise<Decommissioned> {
  const others = (await recordedApps(agent.paths)).filter((name) => name !== app);
  await stopUnits(agent, app, others.length === 0);
  await removeUnits(agent, app, others.length === 0);
  await removeFiles(agent, app);
  if (others.length === 0) await removeBaseline(agent);
  if (others.length === 0) await removeShared(agent, app);
  await removeUsers(agent, others.length === 0 ? [appUser(app), caddyUser] : [appUser(app)]);
  const rest = others.length === 0 ? "nothing of Fleetwright is left" : `${others.join(", ")} stay${others.length === 1 ? "s" : ""}`;
  agent.report.step("files", rest);
  if (others.length === 0) await rm(agent.paths.ours, { recursive: true, force: true });
  return { app, others };
}

/** Caddy first, which answers what it has while the app is still there; then the socket, as a request would wake the app again. */
async function stopUnits(agent: Agent, app: string, last: boolean): Promise<void> {
  const generations = (await showUnits(agent, `${app}@*.service`)).map(({ unit }) => unit);
  const units = [...(last ? [unitNames.caddy] : []), unitNames.socket(app), unitNames.lease(app), ...generations];
  for (const { unit, active } of await showUnits(agent, ...units)) {
    if (["inactive", "failed"].includes(active)) continue;
    agent.report.step("stop", unit);
    await systemctl(agent, "stop", unit);
  }
}

async function removeUnits(agent: Agent, app: string, last: boolean): Promise<void> {
  const { paths } = agent;
  const single = [unitNames.socket(app), unitNames.lease(app), ...(last ? [unitNames.caddy, unitNames.converge] : [])];
  const ours = (name: string): boolean => single.includes(name) || generationInUnit(app, name) !== undefined;
  for (const target of ["multi-user.target", "sockets.target"]) {
    const folder = paths.wants(target);
    for (const name of (await namesIn(folder)).filter(ours)) await rm(join(folder, name), { force: true });
  }
  for (const name of (await namesIn(paths.units)).filter(ours)) {
    // A unit of the same name that isn't ours is nobody's business here.
    if ((await readIfThere(paths.unit(name)))?.startsWith(unitMark) === true) await rm(paths.unit(name), { force: true });
  }
  await systemctl(agent, "daemon-reload");
}

async function removeFiles({ paths }: Agent, app: string): Promise<void> {
  const folders = [
    join(paths.generations(app), ".."),
    paths.record(app, "."),
    join(paths.lease(app), ".."),
    paths.tmpfiles(app),
    paths.credstore(app),
    paths.appState(app),
    paths.slots(app),
    ...(await runtimeFolders(paths.runtimeFolders, app)),
  ];
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
}

/** What systemd made in /run for generations, and left for those that failed. */
async function runtimeFolders(folder: string, app: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => new RegExp(`^fleetwright-${app}-[0-9a-f]{16}$`).test(name)).map((name) => join(folder, name));
}

async function removeShared({ paths }: Agent, app: string): Promise<void> {
  for (const path of [paths.sysusers, paths.etc, paths.caddyState, paths.records, paths.run, dirname(paths.slots(app))]) {
    await rm(path, { recursive: true, force: true });
  }
}

/** A user that something of somebody else's still runs as stays, and is told. */
async function removeUsers(agent: Agent, users: readonly string[]): Promise<void> {
  for (const user of users) {
    const { code, stderr } = await agent.run("userdel", [user]);
    // 6: there is no such user (userdel(8)).
    if (code !== 0 && code !== 6) agent.report.step("users", `${user} stays: ${stderr.trim()}`);
  }
}
