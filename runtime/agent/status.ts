/** `fleethost status`: what this machine runs, as systemd, the supervisor and Caddy say; claims are checked. */
import type { Https } from "../https.ts";
import { type Manifest, partsOf } from "../manifest.ts";
import type { AppStatus, Status } from "../report.ts";
import type { SupervisorStatus } from "../supervisor-report.ts";
import { storageHash } from "./acme-storage.ts";
import { certificateReports } from "./certificates.ts";
import type { Agent } from "./context.ts";
import { compareApp } from "./drift.ts";
import { readIfThere } from "./files.ts";
import { generationManifest } from "./generations.ts";
import { confirmedManifest } from "./go-back.ts";
import { type Answer, ask } from "./health.ts";
import { readPending, readState, recordedApps, type State } from "./records.ts";
import { askSupervisor } from "./supervisor-status.ts";
import { type Observed, observe } from "./systemd.ts";

/** @param only One app; without it, all. */
export async function status(agent: Agent, only?: string): Promise<Status> {
  const apps = (await recordedApps(agent.paths)).filter((app) => only === undefined || app === only);
  const found = await Promise.all(apps.map((app) => appStatus(agent, app)));
  return { schema: 1, apps: found.filter((app) => app !== undefined) };
}

async function appStatus(agent: Agent, app: string): Promise<AppStatus | undefined> {
  const [state, pending, observed, confirmed] = await Promise.all([
    readState(agent, app),
    readPending(agent, app),
    observe(agent, app),
    confirmedManifest(agent, app),
  ]);
  const live = liveGeneration(observed, confirmed?.generation);
  const manifest =
    (live === undefined ? undefined : await generationManifest(agent, app, live)) ?? confirmed?.manifest ?? pending?.manifest;
  if (manifest === undefined) return undefined;
  // Who is asked is the newest manifest of Caddy's: the pending one's while a switch is under way.
  const https = pending?.manifest.https ?? confirmed?.manifest.https ?? manifest.https;
  const supervisor = live === undefined ? undefined : await askSupervisor(agent.paths.statusSocket(app, live));
  // A question to an app that doesn't run would start it, by its socket: to look is not to touch.
  const answer = live === undefined ? NOT_RUNNING : await askThroughCaddy(agent, manifest, https);
  return {
    ...recorded(app, manifest, { state, confirmed, live }),
    ...workersOf(supervisor),
    health: judgeHealth(answer, supervisor),
    ...(await httpsStatus(agent, https)),
    ...(await compareApp(agent, app, supervisor?.workers)),
  };
}

interface Recorded {
  state: State | undefined;
  confirmed: Awaited<ReturnType<typeof confirmedManifest>>;
  /** The generation that serves. */
  live: string | undefined;
}

/** What the machine's records say. @param manifest of the generation that serves, or would */
function recorded(app: string, manifest: Manifest, { state, confirmed, live }: Recorded) {
  return {
    app,
    fleet: manifest.fleet,
    machine: manifest.machine,
    runtime: manifest.runtime,
    release: manifest.app.release.id,
    generation: confirmed?.generation ?? "",
    unconfirmed: live !== undefined && live !== confirmed?.generation ? live : null,
    ...claims(state, confirmed?.generation),
    parts: partsOf(confirmed?.manifest ?? manifest),
    ...(state?.rolledBack !== undefined && state.generation === confirmed?.generation ? { rolledBack: state.rolledBack } : {}),
  };
}

function workersOf(supervisor: SupervisorStatus | undefined): Pick<AppStatus, "supervisorPid" | "cores" | "workers"> {
  return {
    supervisorPid: supervisor?.pid ?? null,
    cores: supervisor?.cores ?? 0,
    workers: supervisor?.workers ?? { wanted: 0, ready: 0, pids: [] },
  };
}

const NOT_RUNNING: Answer = { healthy: false, why: "no generation of it runs" };

function askThroughCaddy({ paths }: Agent, { app }: Manifest, https: Https): Promise<Answer> {
  const { health } = app.processes[0];
  return ask({ at: { kind: "socket", path: paths.caddyLocalSocket }, health, host: https.names[0] ?? "localhost" });
}

async function httpsStatus(agent: Agent, https: Https): Promise<Pick<AppStatus, "urls" | "certificates" | "acmeStorage" | "caPem">> {
  const acmeStorage = await storageHash(agent, https);
  return {
    urls: urlsOf(https),
    certificates: await certificateReports(agent, https),
    ...(acmeStorage === undefined ? {} : { acmeStorage }),
    caPem: https.mode === "internal" ? ((await readIfThere(agent.paths.caddyRootCertificate)) ?? null) : null,
  };
}

/** The generation that serves; the unconfirmed one first, as it is the one that stays when both run. Pure. */
export function liveGeneration(observed: Observed, confirmed: string | undefined): string | undefined {
  const others = observed.running.filter((generation) => generation !== confirmed);
  return others.at(-1) ?? (confirmed !== undefined && observed.running.includes(confirmed) ? confirmed : undefined);
}

/** A record that names another generation than systemd's says nothing about this one. Pure. */
export function claims(state: State | undefined, confirmed: string | undefined): Pick<AppStatus, "manifestHash" | "applyId"> {
  if (state === undefined || state.generation !== confirmed) return { manifestHash: "", applyId: "" };
  return { manifestHash: state.manifestHash, applyId: state.applyId };
}

type Crew = Pick<SupervisorStatus["workers"], "ready" | "wanted">;

/** Pure. */
export function judgeHealth(answer: Answer, supervisor: { workers: Crew } | undefined): AppStatus["health"] {
  if (!answer.healthy) return { state: "down", detail: answer.why };
  if (supervisor === undefined)
    return {
      state: "degraded",
      detail: "it answers, but its supervisor doesn't",
    };
  const { ready, wanted } = supervisor.workers;
  if (ready < wanted)
    return {
      state: "degraded",
      detail: `${ready} of ${wanted} workers are ready`,
    };
  return { state: "healthy", detail: "" };
}

/** What clients use. Pure. */
export function urlsOf({ mode, names, redirects, httpPort, httpsPort }: Manifest["https"]): string[] {
  const [scheme, port, usual] = mode === "none" ? ["http", httpPort, 80] : ["https", httpsPort, 443];
  const serving = names.filter((name) => redirects?.from.includes(name) !== true);
  return serving.map((name) => `${scheme}://${name.includes(":") ? `[${name}]` : name}${port === usual ? "" : `:${port}`}`);
}
