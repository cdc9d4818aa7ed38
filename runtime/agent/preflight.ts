/** Whether a machine can take a manifest. Pure: facts in, problems out, all at once. */
import type { Manifest } from "../manifest.ts";
import { agentExit } from "../report.ts";
import { AgentFailure } from "./failure.ts";
import { generationInUnit, unitNames } from "./paths.ts";
import type { Listener } from "./ports.ts";

export interface Facts {
  /** `ID` and `VERSION_ID` of os-release(5). */
  os: { id: string; version: string };
  systemdRuns: boolean;
  isRoot: boolean;
  /** For example "3.13"; undefined without python3. */
  python: string | undefined;
  /** Whether there is `nft`. */
  nft: boolean;
  /** Whether there is `unattended-upgrade`. */
  upgradesInstalled: boolean;
  runtimeInstalled: boolean;
  /** What listens on the ports that Caddy and workers on slots shall have. */
  listeners: Listener[];
  /** Paths of units with our names that we did not write. */
  foreignUnits: string[];
  /** Other apps that this machine serves for Fleetwright. */
  otherApps: string[];
}

export interface Problem {
  what: string;
  next: string;
}

const SUPPORTED = ["12", "13"];

export function preflight(facts: Facts, manifest: Manifest): Problem[] {
  return [
    ...systemProblems(facts),
    ...pythonProblems(facts, manifest),
    ...toolProblems(facts, manifest),
    ...nameProblems(facts, manifest),
    ...portProblems(facts, manifest),
  ];
}

function systemProblems(facts: Facts): Problem[] {
  const problems: Problem[] = [];
  if (facts.os.id !== "debian" || !SUPPORTED.includes(facts.os.version)) {
    problems.push({
      what: `the operating system is ${facts.os.id || "unknown"} ${facts.os.version}`.trim(),
      next: "Use Debian 12 or 13.",
    });
  }
  if (!facts.isRoot)
    problems.push({
      what: "the agent doesn't run as root",
      next: "Log in as root, or as a user who may sudo without a password.",
    });
  if (!facts.systemdRuns)
    problems.push({
      what: "systemd doesn't run here",
      next: "Use a machine that boots with systemd; a container with another init can't serve.",
    });
  return problems;
}

function pythonProblems(facts: Facts, manifest: Manifest): Problem[] {
  const needed = manifest.app.processes.some(({ command }) => command.kind === "asgi" || command.kind === "wsgi");
  if (!needed || facts.python !== undefined) return [];
  return [
    {
      what: "the app needs Python and there is no python3 here",
      next: "apt-get install python3",
    },
  ];
}

function toolProblems({ nft, upgradesInstalled }: Facts, { hardening }: Manifest): Problem[] {
  return [
    ...(hardening?.firewall === undefined || nft ? [] : [NO_NFT]),
    ...(hardening?.upgrades?.required !== true || upgradesInstalled ? [] : [NO_UPGRADES]),
  ];
}

const NO_UPGRADES: Problem = {
  what: "security upgrades are asked for and unattended-upgrades isn't here",
  next: 'apt-get install unattended-upgrades, or set hardening.upgrades to false, or to "auto", which leaves it to the machine',
};
const NO_NFT: Problem = {
  what: "the firewall needs nftables and there is no nft here",
  next: "apt-get install nftables, or set hardening.firewall: false",
};

function nameProblems(facts: Facts, manifest: Manifest): Problem[] {
  const problems: Problem[] = facts.foreignUnits.map((path) => ({
    what: `${path} is a unit of this machine that Fleetwright didn't write`,
    next: `Give the app another name than "${manifest.app.name}", or remove that unit.`,
  }));
  const [other] = facts.otherApps;
  if (other !== undefined) {
    problems.push({
      what: `this machine serves another app already: ${facts.otherApps.join(", ")}`,
      next:
        `A machine serves one app. Use another machine, or keep the app's name; to give ${other} up, ` +
        `stop and disable its units and remove /var/lib/fleetwright/${other}.`,
    });
  }
  if (!facts.runtimeInstalled) {
    problems.push({
      what: `the runtime bundle ${manifest.runtime} isn't installed`,
      next: `Unpack it to /opt/fleetwright/runtime/${manifest.runtime}; the rollout does that before it stages.`,
    });
  }
  return problems;
}

function portProblems(facts: Facts, { app, https }: Manifest): Problem[] {
  const forCaddy = (port: number) => port === https.httpPort || port === https.httpsPort;
  const ours = ({ unit, port }: Listener) =>
    unit === unitNames.caddy || (generationInUnit(app.name, unit) !== undefined && !forCaddy(port));
  const foreign = facts.listeners.filter((listener) => !ours(listener));
  const texts = new Map(foreign.map((listener) => [`${listener.protocol}/${listener.port}/${listener.pid}`, listener]));
  return [...texts.values()].map((listener) => ({
    what: `${listener.protocol.toUpperCase()} port ${listener.port} is taken by ${holderText(listener)}`,
    next: listener.unit === "" ? "Stop it, or choose other ports." : `systemctl disable --now ${listener.unit}, or choose other ports.`,
  }));
}

function holderText({ pid, command, unit }: Listener): string {
  if (pid === undefined) return "a process that can't be seen from here";
  return `${command || "a process"} (process ${pid}${unit === "" ? "" : `, ${unit}`})`;
}

/** What a release's compiled dependencies need. */
export interface ReleaseTarget {
  arch: string;
  /** Undefined when it needs none. */
  python: string | undefined;
}

/** Reads the `target` of a `release.json`: "x64", or "x64-py3.13". */
export function parseTarget(target: string): ReleaseTarget {
  const [arch = "", python] = target.split("-py");
  return { arch, python };
}

export function targetProblems(target: ReleaseTarget, machine: ReleaseTarget): Problem[] {
  const next = "Build the release for this machine: its target in the manifest is another one.";
  const problems: Problem[] = [];
  if (target.arch !== machine.arch)
    problems.push({
      what: `the release is built for ${target.arch}, this machine is ${machine.arch}`,
      next,
    });
  if (target.python !== undefined && target.python !== machine.python) {
    problems.push({
      what: `the release is built for Python ${target.python}, this machine has ${machine.python ?? "none"}`,
      next,
    });
  }
  return problems;
}

/** @throws AgentFailure with exit code 3 if there are problems. */
export function refuse(problems: Problem[]): void {
  if (problems.length === 0) return;
  const [first] = problems;
  throw new AgentFailure(
    "preflight",
    problems.length === 1 && first ? first.what : `this machine can't take the manifest, for ${problems.length} reasons`,
    {
      kept: "everything that ran before; nothing was switched",
      next: problems.length === 1 && first ? first.next : "Mend each of these, then run the same again.",
      log: problems.length === 1 ? [] : problems.map(({ what, next }) => `${what}. ${next}`),
      exitCode: agentExit.preflight,
    },
  );
}
