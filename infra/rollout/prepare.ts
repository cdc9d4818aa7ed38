/** From machines to a rollout's plan: ask each machine, build what it needs, decide. The Pulumi side of `plan.ts`. */
import * as pulumi from "@pulumi/pulumi";
import type { Hardening } from "../../runtime/hardening.ts";
import { fingerprintOf } from "../../runtime/manifest.ts";
import type { App } from "../build/app.ts";
import { carriesPython } from "../build/ecosystems.ts";
import { cloudwatchOf } from "../cloudwatch.ts";
import { hardeningOf } from "../config/hardening.ts";
import type { FleetConfig } from "../config/schema.ts";
import { givenSecrets } from "../config/secrets.ts";
import { FleetError } from "../errors.ts";
import type { Machine, Target, Transport } from "../machines/machine.ts";
import type { Built } from "./artifacts.ts";
import { backUpAll } from "./acme-backups.ts";
import { certificateLines } from "./certificates.ts";
import { unreachableError } from "./drive.ts";
import { manifestOf } from "./manifests.ts";
import type { Observation } from "./observation.ts";
import { observe } from "./observe.ts";
import { decide, type Plan, reach } from "./plan.ts";
import { givenTls, hasTlsSecrets, httpsOf, type KnownTls } from "./tls.ts";
import { keepSights } from "./sights.ts";
import { type KnownSecrets, manifestSecrets, newSecretKey, secretValues } from "./secrets.ts";

export interface PrepareOptions {
  fleet: string;
  config: FleetConfig;
  app: App;
  machines: readonly Machine[];
  /** Key of the fleet's account with its ACME issuer, where it needs one. */
  accountKey?: pulumi.Output<string> | undefined;
  build: (targets: readonly Target[]) => Promise<Built>;
  /** Tells the operator what is about to change. */
  tell: (line: string) => void;
}

/** A machine with everything about it known. */
interface Seen {
  name: string;
  address: string;
  domains: readonly string[];
  identity: string;
  transport: Transport;
  sight: Observation;
}

/** Of the app's configuration, what may be deferred and is secret. */
interface Confidential {
  environment: Record<string, string>;
  secrets: KnownSecrets;
  tls: KnownTls;
}

type Reachable = Seen & { sight: { state: "reachable" } };

export interface Prepared {
  plan: pulumi.Output<Plan>;
  /** Differ from the last run's exactly when a machine is not as wanted. */
  triggers: pulumi.Output<string[]>;
}

/** In a preview, whatever depends on a machine that doesn't exist yet is decided during the update. */
export function prepare(options: PrepareOptions): Prepared {
  const { config } = options;
  const seen = pulumi.all(options.machines.map((machine) => seeMachine(machine, config.rollout.connectTimeoutMs)));
  const { environment } = config.app;
  const secrets = givenSecrets(config.app.secrets);
  const tls = { own: config.https.own, eabKey: config.https.acme?.eab?.hmacKey };
  const decided = pulumi
    .all([seen, pulumi.secret({ environment, secrets, tls })])
    .apply(([all, confidential]) => decideAll(options, all, confidential));
  // Apart: in the first preview, the account's key doesn't exist yet.
  const plan = pulumi.all([decided, options.accountKey]).apply(async ([{ plan: without, sights }, accountKey]) => {
    const whole = accountKey === undefined ? without : { ...without, tls: { ...without.tls, accountKey } };
    // Certificates that were renewed since, and no resource tells of.
    if (!pulumi.runtime.isDryRun()) await backUpAll(whole, sights);
    return whole;
  });
  return { plan, triggers: decided.apply(({ triggers }) => triggers) };
}

function seeMachine({ name, address, domains = [], identity, transport }: Machine, connectTimeoutMs: number): pulumi.Output<Seen> {
  return pulumi.all([address, identity, transport]).apply(async ([at, who, way]) => ({
    name,
    address: at,
    domains,
    identity: who,
    transport: way,
    sight: await observe(name, way, connectTimeoutMs),
  }));
}

interface Decided {
  plan: Plan;
  triggers: string[];
  sights: Map<string, Observation>;
}

async function decideAll(options: PrepareOptions, seen: Seen[], confidential: Confidential): Promise<Decided> {
  const sights = new Map(seen.map(({ name, sight }) => [name, sight]));
  const given = givenValues(options, seen, confidential);
  keepSights(options.fleet, [...sights]);
  const skipped = leftOut(seen, options.config.rollout);
  const here = seen.filter((machine): machine is Reachable => machine.sight.state === "reachable");
  for (const name of skipped) options.tell(`${name}: can't be reached; this rollout goes on without it`);
  const built = await options.build(here.map((machine) => targetOf(machine, options.app)));
  const planned = here.map((machine) => planMachine(options, built, machine, confidential));
  for (const line of changeLines(planned, here, options.app.name)) options.tell(line);
  const { batch, pauseMs, connectTimeoutMs, leaseMs, surge } = options.config.rollout;
  return {
    plan: {
      schema: 1,
      fleet: options.fleet,
      release: built.releaseId,
      machines: planned.map(({ entry }) => entry),
      ...given,
      skipped,
      options: { batch, pauseMs, connectTimeoutMs, leaseMs, surge },
    },
    sights,
    triggers: planned.flatMap(({ entry, identity }) => [identity, fingerprintOf(entry.manifest), entry.applyId]),
  };
}

/** What machines get apart from their manifests. @throws FleetError when the fleet's own certificate isn't right */
function givenValues({ config }: PrepareOptions, seen: readonly Seen[], { secrets, tls }: Confidential): Pick<Plan, "secrets" | "tls"> {
  const values = secretValues(secrets);
  const own = givenTls(config.https, tls, seen, new Date());
  return { ...(Object.keys(values).length === 0 ? {} : { secrets: values }), ...(own === undefined ? {} : { tls: own }) };
}

function changeLines(planned: readonly Planned[], here: readonly Reachable[], app: string): string[] {
  return [
    ...planned.filter(({ decision }) => !decision.matches).map(({ entry, decision }) => `${entry.name}: ${decision.change}`),
    ...here.flatMap((machine) => pendingLines(machine, app)),
    ...stepLines(planned.map(({ entry, decision }) => ({ ...entry, ...decision }))),
  ];
}

/** Also where nothing changes: somebody has to know. */
function pendingLines({ name, sight }: Reachable, app: string): string[] {
  const reports = sight.apps.find((status) => status.app === app)?.certificates ?? [];
  return certificateLines(reports).map((line) => `${name}: certificate: ${line}`);
}

/** The steps before a switch; whether one was done already, a rollout asks the machines. */
function stepLines(planned: readonly (Plan["machines"][number] & { matches: boolean })[]): string[] {
  const first = planned.find(({ matches }) => !matches);
  const names = first?.manifest.app.once?.map(({ name }) => name) ?? [];
  if (first === undefined || names.length === 0) return [];
  return [`${first.name}: before any switch: ${names.join(", ")}, unless done for this release`];
}

function leftOut(seen: readonly Seen[], limits: FleetConfig["rollout"]): string[] {
  const lost = seen.flatMap(({ name, sight }) =>
    sight.state === "unreachable" ? [{ name, why: sight.why, waitedMs: sight.waitedMs }] : [],
  );
  const { verdict, unreachable } = reach(
    lost.map(({ name }) => name),
    limits,
  );
  if (verdict === "stop" || lost.length === seen.length) throw unreachableError(lost);
  return unreachable;
}

function targetOf(machine: Reachable, app: App): Target {
  const { target } = machine.sight.facts;
  if (carriesPython(app) && target.python === undefined) {
    throw new FleetError("it has no python3, which this app needs.", {
      machine: machine.name,
      kept: "everything; nothing was changed.",
      next: "install it on the machine: apt-get install python3",
    });
  }
  return target;
}

type Planned = ReturnType<typeof planMachine>;

function planMachine(options: PrepareOptions, built: Built, machine: Reachable, { environment, secrets, tls }: Confidential) {
  const target = targetOf(machine, options.app);
  const runtime = built.runtime(target.arch);
  const key = machine.sight.secretKey ?? newSecretKey();
  const versions = manifestSecrets(secrets, key);
  const manifest = manifestOf(options.config, {
    fleet: options.fleet,
    machine: machine.name,
    https: httpsOf(options.config.https, machine, tls, key),
    hardening: hardeningFor(options, machine),
    cloudwatch: cloudwatchOf(options.config, options.fleet, machine.name),
    app: { ...options.app, environment, secrets: versions },
    runtimeId: runtime.id,
    release: built.release(target),
  });
  const decision = decide(manifest, machine.identity, machine.sight);
  const entry: Plan["machines"][number] = {
    name: machine.name,
    transport: machine.transport,
    applyId: decision.applyId,
    runtimeArchive: { sha256: runtime.archive.sha256, bytes: runtime.archive.bytes },
    manifest,
    ...(versions === undefined && !hasTlsSecrets(tls) ? {} : { secretKey: key }),
  };
  return { entry, decision, identity: machine.identity };
}

/** Machines restart for updates one after the other: each has a slot of its own. */
function hardeningFor({ config, machines }: PrepareOptions, { name, transport }: Reachable): Hardening {
  const slot = { index: machines.findIndex((machine) => machine.name === name), count: machines.length };
  return hardeningOf(config.hardening, config.https, { sshPort: transport.port, slot });
}
