/** Looks at the machine for `preflight.ts`. Reads only. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { generationOf, type Manifest } from "../manifest.ts";
import { slotsOf } from "../slots.ts";
import { upgradesInstalled } from "./baseline/upgrades.ts";
import type { Agent } from "./context.ts";
import { readIfThere } from "./files.ts";
import { unitNames } from "./paths.ts";
import { type Listener, listenersOn } from "./ports.ts";
import type { Facts } from "./preflight.ts";
import { recordedApps } from "./records.ts";
import { unitMark } from "./units.ts";

/** Where units come from, ours first (systemd.unit(5), "Unit File Load Path"). */
const UNIT_FOLDERS = [
  "etc/systemd/system",
  "run/systemd/system",
  "usr/local/lib/systemd/system",
  "usr/lib/systemd/system",
  "lib/systemd/system",
];

/** @param root `/`, or a test's folder. */
export async function gatherFacts(agent: Agent, manifest: Manifest, root = "/"): Promise<Facts> {
  // Some are tools of their own: all at once.
  const [os, systemdRuns, python, nft, upgrades, runtimeInstalled, listeners, foreign, apps] = await Promise.all([
    readIfThere(join(root, "etc/os-release")),
    exists(join(root, "run/systemd/system")),
    pythonVersion(agent),
    agent.run("nft", ["--version"]),
    upgradesInstalled(),
    exists(join(agent.paths.runtime(manifest.runtime), "bin/fleethost")),
    listenersOn(wantedPorts(manifest)),
    foreignUnits(manifest, root),
    recordedApps(agent.paths),
  ]);
  return {
    os: parseOsRelease(os ?? ""),
    systemdRuns,
    isRoot: process.getuid?.() === 0,
    python,
    nft: nft.code === 0,
    upgradesInstalled: upgrades,
    runtimeInstalled,
    listeners,
    foreignUnits: foreign,
    otherApps: apps.filter((app) => app !== manifest.app.name),
  };
}

type Port = Pick<Listener, "protocol" | "port">;

/** The ports that Caddy shall have, and the workers on slots; HTTP/3 is UDP on the HTTPS port. */
export function wantedPorts(manifest: Manifest): Port[] {
  const { https } = manifest;
  const http = { protocol: "tcp", port: https.httpPort } as const;
  const slots = slotPorts(manifest);
  if (https.mode === "none") return [http, ...slots];
  return [http, { protocol: "tcp", port: https.httpsPort }, { protocol: "udp", port: https.httpsPort }, ...slots];
}

/** `portBase` is Caddy's. */
function slotPorts({ app }: Manifest): Port[] {
  const slots = slotsOf(app.name, app.processes[0].command);
  if (slots === undefined) return [];
  const count = slots.listen === "port" ? slots.count : 0;
  return Array.from({ length: count + 1 }, (_, n) => ({ protocol: "tcp", port: slots.portBase + n }));
}

/** os-release(5); pure. */
export function parseOsRelease(text: string): Facts["os"] {
  const value = (key: string) => new RegExp(`^${key}=["']?([^"'\\n]*)`, "m").exec(text)?.[1] ?? "";
  return { id: value("ID"), version: value("VERSION_ID") };
}

/** For example "3.13". */
export async function pythonVersion(agent: Pick<Agent, "run">): Promise<string | undefined> {
  const { code, stdout } = await agent.run("python3", ["-c", "import sys; print('%d.%d' % sys.version_info[:2])"]);
  return code === 0 ? stdout.trim() : undefined;
}

async function foreignUnits(manifest: Manifest, root: string): Promise<string[]> {
  const app = manifest.app.name;
  const ours = [
    unitNames.caddy,
    unitNames.converge,
    unitNames.firewall,
    unitNames.socket(app),
    unitNames.lease(app),
    `${app}@.service`,
    unitNames.generation(app, generationOf(manifest)),
  ];
  const found: string[] = [];
  for (const path of UNIT_FOLDERS.flatMap((folder) => ours.map((name) => join(root, folder, name)))) {
    const text = await readIfThere(path);
    if (text !== undefined && !text.startsWith(unitMark)) found.push(path);
  }
  return found;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
