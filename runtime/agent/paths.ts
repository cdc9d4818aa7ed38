/** Where everything of ours is on a machine. Pure; `root` is another folder in tests. */
import { join } from "node:path";
import { hashOf } from "../manifest.ts";
import { slotsFolder } from "../slots.ts";

export interface Paths {
  /** All of ours that isn't an app's. */
  ours: string;
  runtimes: string;
  /** Runtime bundles, by id. */
  runtime(id: string): string;
  /** The bundle whose agent is used. */
  current: string;
  caddyBinaries: string;
  /** Caddy's binary by its own hash, so that a new bundle with the same Caddy restarts nothing. */
  caddyBinary(sha256: string): string;
  /** Values of secrets, a folder an app, for root only. systemd reads them from here. */
  credentials: string;
  credstore(app: string): string;
  credential(app: string, name: string, version: string): string;
  /** systemd's copies of them, for a unit that runs. */
  runningCredentials(unit: string): string;
  /** Key of the versions of secrets, of this machine's own. */
  secretKey: string;
  releases(app: string): string;
  release(app: string, id: string): string;
  /** What releases have in common: their packages. */
  allPackages(app: string): string;
  packages(app: string, id: string): string;
  generations(app: string): string;
  generation(app: string, generation: string): string;
  /** The agent's records of all apps, a folder each. */
  records: string;
  record(app: string, file: string): string;
  /** The agent's files that a reboot shall clear. */
  run: string;
  lock: string;
  lease(app: string): string;
  /** Which rollout holds this machine. */
  hold(app: string): string;
  /** Environment of the next start of an app's supervisor; not there, as a rule. */
  startWith(app: string): string;
  /** Where systemd makes the generations' runtime folders. */
  runtimeFolders: string;
  units: string;
  unit(name: string): string;
  /** The links that `systemctl enable` makes, for a target. */
  wants(target: string): string;
  sysusers: string;
  /** What makes an app's folders in /run at boot. */
  tmpfiles(app: string): string;
  /** Addresses of an app's workers. */
  slots(app: string): string;
  /** The app's own files, which outlive its generations. */
  appState(app: string): string;
  /** Configuration of ours that is no unit. */
  etc: string;
  caddyConfig: string;
  /** The rules of nftables. */
  firewall: string;
  /** What nft made of them when they were loaded. */
  firewallListing: string;
  sshdConfig: string;
  /** What apt is told of upgrades. */
  aptUpgrades: string;
  /** What the units that tell CloudWatch are given. */
  metricsJob: string;
  logsJob: string;
  /** The place in the journal up to which lines were shipped: systemd's link, and where it leads to. */
  logsState: readonly string[];
  /** The machine's last restart by itself. */
  rebootRecord: string;
  /** What a baseline's change has replaced. */
  baselineChange: string;
  /** Made by a new login that came through a trial. */
  baselineKnock(trial: string): string;
  /** What Caddy reads of certificates; keys are for root and Caddy's group. */
  tls: {
    folder: string;
    own(version: string): string;
    eabKey(version: string): string;
    /** @param pem what is in it */
    acmeRoot(pem: string): string;
  };
  caddyState: string;
  caddyCertificateLog: string;
  caddyRootCertificate: string;
  caddyAdminSocket: string;
  /** Caddy's listener for this machine's own questions. */
  caddyLocalSocket: string;
  /** Sockets that a generation's supervisor makes. */
  directSocket(app: string, generation: string): string;
  statusSocket(app: string, generation: string): string;
}

/**
 * Id of our certificate authority in Caddy. Not one of our own choice: Caddy makes the one with its default id in any
 * case (tried with 2.11.9), with names that are the same on all machines, and tries to have the machine trust it.
 */
export const caddyAuthority = "local";

/** @param root `/`, or a test's folder. */
export function pathsUnder(root = "/"): Paths {
  const at = (...parts: string[]) => join(root, ...parts);
  return {
    ours: at("opt/fleetwright"),
    runtimes: at("opt/fleetwright/runtime"),
    current: at("opt/fleetwright/current"),
    caddyBinaries: at("opt/fleetwright/caddy"),
    runtime: (id) => at("opt/fleetwright/runtime", id),
    caddyBinary: (sha256) => at("opt/fleetwright/caddy", sha256.slice(0, 16), "caddy"),
    credentials: at("etc/credstore"),
    credstore: (app) => at("etc/credstore", app),
    credential: (app, name, version) => at("etc/credstore", app, `${name}.${version}`),
    runningCredentials: (unit) => at("run/credentials", unit),
    secretKey: at("var/lib/fleetwright/secret.key"),
    releases: (app) => at("srv", app, "releases"),
    release: (app, id) => at("srv", app, "releases", id),
    allPackages: (app) => at("srv", app, "packages"),
    packages: (app, id) => at("srv", app, "packages", id),
    generations: (app) => at("srv", app, "generations"),
    generation: (app, generation) => at("srv", app, "generations", generation),
    records: at("var/lib/fleetwright"),
    record: (app, file) => at("var/lib/fleetwright", app, file),
    run: at("run/fleetwright"),
    lock: at("run/fleetwright/agent.lock"),
    lease: (app) => at("run/fleetwright", app, "lease.json"),
    hold: (app) => at("run/fleetwright", app, "rollout.json"),
    startWith: (app) => at("run/fleetwright", app, "start-with"),
    runtimeFolders: at("run"),
    units: at("etc/systemd/system"),
    unit: (name) => at("etc/systemd/system", name),
    wants: (target) => at("etc/systemd/system", `${target}.wants`),
    sysusers: at("etc/sysusers.d/fleetwright.conf"),
    tmpfiles: (app) => at("etc/tmpfiles.d", `fleetwright-${app}.conf`),
    slots: (app) => at(slotsFolder(app)),
    appState: (app) => at(`var/lib/fleetwright-${app}`),
    etc: at("etc/fleetwright"),
    tls: {
      folder: at("etc/fleetwright/tls"),
      own: (version) => at("etc/fleetwright/tls", `own.${version}.pem`),
      eabKey: (version) => at("etc/fleetwright/tls", `eab.${version}.key`),
      acmeRoot: (pem) => at("etc/fleetwright/tls", `root.${hashOf(pem).slice(0, 32)}.pem`),
    },
    firewall: at("etc/fleetwright/firewall.nft"),
    firewallListing: at("run/fleetwright-firewall/rules"),
    sshdConfig: at("etc/ssh/sshd_config.d/00-fleetwright.conf"),
    aptUpgrades: at("etc/apt/apt.conf.d/60fleetwright-upgrades"),
    metricsJob: at("etc/fleetwright/metrics.json"),
    logsJob: at("etc/fleetwright/logs.json"),
    logsState: [at("var/lib/fleetwright-logs"), at("var/lib/private/fleetwright-logs")],
    rebootRecord: at("var/lib/fleetwright/reboot.json"),
    baselineChange: at("var/lib/fleetwright/hardening.json"),
    baselineKnock: (trial) => at("run/fleetwright", `came-through.${trial}`),
    caddyState: at("var/lib/fleetwright-caddy"),
    caddyCertificateLog: at("var/lib/fleetwright-caddy/certificates.log"),
    caddyConfig: at("etc/fleetwright/caddy.json"),
    caddyRootCertificate: at("var/lib/fleetwright-caddy/pki/authorities", caddyAuthority, "root.crt"),
    caddyAdminSocket: at("run/fleetwright-caddy/admin.sock"),
    caddyLocalSocket: at("run/fleetwright-caddy/local.sock"),
    directSocket: (app, generation) => at(`run/fleetwright-${app}-${generation}/direct.sock`),
    statusSocket: (app, generation) => at(`run/fleetwright-${app}-${generation}/status.sock`),
  };
}

/** Unit names, kept together as systemd, the preflight and the renderers must agree on them. */
export const unitNames = {
  caddy: "fleetwright-caddy.service",
  converge: "fleetwright-converge.service",
  firewall: "fleetwright-firewall.service",
  reboot: "fleetwright-reboot.service",
  rebootTimer: "fleetwright-reboot.timer",
  metrics: "fleetwright-metrics.service",
  metricsTimer: "fleetwright-metrics.timer",
  logs: "fleetwright-logs.service",
  /** Transient, with a timer of the same name. */
  baselineUndo: "fleetwright-hardening-undo",
  socket: (app: string) => `${app}.socket`,
  lease: (app: string) => `${app}-lease.service`,
  once: (app: string, release: string, step: string) => `${app}-once-${release.slice(0, 12)}-${step}.service`,
  generation: (app: string, generation: string) => `${app}@${generation}.service`,
} as const;

/** The generation in a unit's name; undefined when it isn't one of this app's generations. */
export function generationInUnit(app: string, unit: string): string | undefined {
  const generation = unit.startsWith(`${app}@`) && unit.endsWith(".service") ? unit.slice(app.length + 1, -".service".length) : "";
  return /^[0-9a-f]+$/.test(generation) ? generation : undefined;
}
