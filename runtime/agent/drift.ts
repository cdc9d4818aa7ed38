/** `fleethost drift`: compares this machine with what was confirmed on it. Reads only. */
import { readlink, stat } from "node:fs/promises";
import { release as runningKernel } from "node:os";
import { join } from "node:path";
import type { Manifest } from "../manifest.ts";
import type { AppStatus } from "../report.ts";
import { lackingBaseline } from "./baseline/parts.ts";
import { caddyRunsWith } from "./caddy-admin.ts";
import { upgradesNote } from "./baseline/upgrades.ts";
import type { Agent } from "./context.ts";
import { seeCredentials } from "./credential-drift.ts";
import { driftOf, notesOf, type Seen } from "./drift-plan.ts";
import { expectedFiles, sha256 } from "./expected-files.ts";
import { readIfThere } from "./files.ts";
import { viewLease } from "./lease.ts";
import { changedFiles } from "./listing.ts";
import { type Paths, unitNames } from "./paths.ts";
import { readPending, readState, type State } from "./records.ts";
import { rebootDue } from "./reboots/due.ts";
import { readReboot, rebootNote } from "./reboots/record.ts";
import { enabledGenerations, showUnits } from "./systemd.ts";
import { appUser, caddyUser } from "./units.ts";

export interface Drift {
  drift: string[];
  notes: string[];
}

/** @param workers of the live generation, where its supervisor answers */
export async function compareApp(agent: Agent, app: string, workers: AppStatus["workers"] | undefined): Promise<Drift> {
  const [state, pending] = await Promise.all([readState(agent, app), readPending(agent, app)]);
  const notes = notesOf({
    workers,
    pending: pending === undefined ? undefined : { applyId: pending.applyId, leased: (await viewLease(agent, app)) === "running" },
    reboot: (await rebootDue(runningKernel()))?.why,
    others: [
      rebootNote(await readReboot(agent)),
      state?.manifest.hardening?.upgrades?.required === true ? await upgradesNote(agent) : undefined,
    ],
  });
  // A switch under way has its own files there, and is undone or confirmed before anything else can be said.
  if (state === undefined || pending !== undefined) return { drift: [], notes };
  return { drift: driftOf(await look(agent, state)), notes };
}

async function look(agent: Agent, { manifest, generation, files = {} }: State): Promise<Seen> {
  const { paths } = agent;
  const app = manifest.app.name;
  return {
    generation,
    files: await Promise.all(expectedFiles(paths, manifest).map((file) => seeFile(file, files))),
    links: await seeLinks(paths, manifest, generation),
    folders: await Promise.all(
      [
        { path: paths.runtime(manifest.runtime), what: "the runtime bundle" },
        { path: paths.release(app, manifest.app.release.id), what: "the release" },
      ].map(async (folder) => ({ ...folder, there: await isThere(folder.path) })),
    ),
    changed: await changedFiles(paths.release(app, manifest.app.release.id)).catch(() => []),
    enabled: await enabledGenerations(agent, app),
    units: await seeUnits(agent, app),
    caddyRuns: await caddyRunsWith(paths, (await readIfThere(paths.caddyConfig)) ?? ""),
    users: await seeUsers([appUser(app), caddyUser]),
    baseline: await lackingBaseline(agent, manifest),
    credentials: await seeCredentials(agent, manifest, files),
  };
}

async function seeFile({ path, text }: { path: string; text: string | undefined }, confirmed: Record<string, string>) {
  const now = await readIfThere(path);
  // Where no confirm has written hashes, presence has to do: an older agent may have rendered it otherwise.
  const known = confirmed[path];
  const accepted = known === undefined ? [] : [known, ...(text === undefined ? [] : [sha256(text)])];
  return { path, hash: now === undefined ? undefined : sha256(now), accepted };
}

function seeLinks(paths: Paths, { app, runtime }: Manifest, generation: string): Promise<Seen["links"]> {
  const folder = paths.generation(app.name, generation);
  const links = [
    { path: join(folder, "release"), target: paths.release(app.name, app.release.id) },
    { path: join(folder, "runtime"), target: paths.runtime(runtime) },
  ];
  return Promise.all(links.map(async (link) => ({ ...link, now: await readlink(link.path).catch(() => undefined) })));
}

async function seeUnits(agent: Agent, app: string): Promise<Seen["units"]> {
  const { paths } = agent;
  const running = [unitNames.socket(app), unitNames.caddy];
  const links = [
    { unit: unitNames.socket(app), target: "sockets.target" },
    { unit: unitNames.caddy, target: "multi-user.target" },
    { unit: unitNames.lease(app), target: "multi-user.target" },
    { unit: unitNames.converge, target: "sockets.target" },
  ];
  const states = await showUnits(agent, ...running);
  const active = (unit: string) => states.some((state) => state.unit === unit && ["active", "reloading"].includes(state.active));
  return Promise.all(
    links.map(async ({ unit, target }) => ({
      unit,
      enabled: (await readlink(join(paths.wants(target), unit)).catch(() => undefined)) !== undefined,
      active: running.includes(unit) ? active(unit) : undefined,
    })),
  );
}

async function seeUsers(names: readonly string[]): Promise<Seen["users"]> {
  const passwd = (await readIfThere("/etc/passwd")) ?? "";
  return names.map((name) => ({ name, there: passwd.split("\n").some((line) => line.startsWith(`${name}:`)) }));
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
