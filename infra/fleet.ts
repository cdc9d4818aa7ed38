import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { FleetArgs } from "./args.ts";
import { type App, checkApp } from "./build/app.ts";
import { parseFleet } from "./config/parse.ts";
import { isBySsh, type SshEc2Config } from "./config/aws/ec2.ts";
import { fetches, type FleetConfig } from "./config/schema.ts";
import { type Inventory, inventoryOf } from "./inventory.ts";
import { ec2Provider, groupProvider, namedProvider } from "./machines/aws-modules.ts";
import { hostMachines } from "./machines/hosts.ts";
import { worldOf } from "./machines/local/world-id.ts";
import { localMachines, localTarget } from "./machines/local.ts";
import type { Machine } from "./machines/machine.ts";
import type { ArtifactsPlace, FleetOutputs } from "./outputs.ts";
import { artifactBuilder } from "./rollout/artifacts.ts";
import { acmeAccountKey } from "./rollout/acme-account.ts";
import { type Pin, pinnedApp, pinnedArtifacts, pinOf } from "./recovery/pins.ts";
import { prepare } from "./rollout/prepare.ts";
import { type RolloutResult, rolloutResultSchema } from "./rollout/result.ts";
import { nodeCommand } from "./shell.ts";

/**
 * Machines and one app on them, served over HTTPS on every core.
 *
 * Children: the provider's machines, and one command that carries out the rollout whenever a machine is not as wanted.
 * Everything is checked, and the release built, before anything is created.
 */
export class Fleet extends pulumi.ComponentResource {
  /** Where each machine serves, in the order of the machines. */
  readonly urls: pulumi.Output<string[]>;
  /** Id of the release that the fleet serves. */
  readonly release: pulumi.Output<string>;
  /** Cores and workers of each machine, by its name, as of the last rollout. */
  readonly workers: pulumi.Output<Record<string, { cores: number; workers: number }>>;
  /** PEM of every machine's root certificate; verifies the whole fleet. Empty with `https.mode: none`. */
  readonly caBundle: pulumi.Output<string>;
  /** Machines that the last rollout left out because they could not be reached. */
  readonly skipped: pulumi.Output<string[]>;
  /** How to reach every machine, for the `fleet` command; holds no private key. */
  readonly inventory: pulumi.Output<Inventory>;
  /** Where machines fetch what they run: ARNs of their bucket, and of its key, for a stack in another region. */
  readonly artifacts: pulumi.Output<ArtifactsPlace> | undefined;

  /**
   * @param name names the fleet, its machines and its resources: lower-case letters, digits and dashes, at most 24
   * @throws FleetError when the arguments or the app's folder have a problem; every problem is named
   */
  constructor(name: string, args: FleetArgs, opts?: pulumi.ComponentResourceOptions) {
    const pin = pinOf(name);
    super("fleetwright:index:Fleet", checked(name, args, pin), {}, opts);
    const config = parseFleet(name, args);
    const app = appOf(name, config, pin);
    const say = (line: string): void => void pulumi.log.info(line, this);
    const { machines } = config;
    const shape = fetches(machines) ? "whole" : "parts";
    const build = pin === undefined ? artifactBuilder(app, say, shape) : pinnedArtifacts(name, pin, shape);
    const outputs = this.make({ fleet: name, config, app, build });
    this.urls = outputs.urls;
    this.release = outputs.release;
    this.workers = outputs.workers;
    this.caBundle = outputs.caBundle;
    this.skipped = outputs.skipped;
    this.inventory = outputs.inventory;
    this.artifacts = outputs.artifacts;
    this.registerOutputs({ urls: this.urls, release: this.release, workers: this.workers });
  }

  private make(shared: { fleet: string; config: FleetConfig; app: App; build: Build }): FleetOutputs {
    const { fleet: name, config, app, build } = shared;
    const { machines } = config;
    if (machines.provider === "autoscaling") return groupProvider(machines).groupFleet(this, { ...shared, group: machines });
    if (machines.provider === "ec2" && !isBySsh(machines)) return namedProvider().namedFleet(this, { ...shared, machines });
    return this.pushedTo(name, config, app, this.provide(name, { ...config, machines }, build), build);
  }

  private pushedTo(name: string, config: FleetConfig, app: App, machines: Machine[], build: Build): FleetOutputs {
    const result = this.rollOut(name, config, app, machines, build);
    return {
      urls: result.apply(({ machines: seen }) => Object.values(seen).flatMap(({ urls }) => urls.slice(0, 1))),
      release: result.release,
      workers: result.apply(({ machines: seen }) => sizes(seen)),
      caBundle: result.caBundle,
      skipped: result.skipped,
      artifacts: undefined,
      inventory: inventoryOf(name, app.name, machines),
    };
  }

  private provide(name: string, config: PushedConfig, build: Build): Machine[] {
    const args = config.machines;
    if (args.provider === "hosts") return hostMachines(args.hosts);
    const serving = { ...config.https, healthPath: config.app.health.path };
    if (args.provider === "ec2") return ec2Provider().ec2Machines(this, { name, config: args, serving, build });
    // No machine is made before the release for it has been built.
    const gate = pulumi.output(build([localTarget(args.image)]).then(({ releaseId }) => releaseId));
    return localMachines(this, name, { ...args, world: worldOf(process.cwd(), pulumi.getStack()) }, gate);
  }

  /** One command for the whole fleet: nothing in a graph of commands could renew a lease or undo machine 1 when machine 11 fails. */
  private rollOut(name: string, config: FleetConfig, app: App, machines: Machine[], build: Build): pulumi.Output<RolloutResult> {
    const accountKey = acmeAccountKey(this, name, config.https);
    const tell = (line: string): void => void pulumi.log.info(line, this);
    const prepared = prepare({ fleet: name, config, app, machines, accountKey, build, tell });
    const rollout = new command.local.Command(
      `${name}-rollout`,
      {
        create: nodeCommand("./cli/main", import.meta.url, "rollout"),
        stdin: prepared.plan.apply((plan) => JSON.stringify(plan)),
        triggers: prepared.triggers as unknown as pulumi.Input<unknown[]>,
        // Progress goes to standard error; the result on standard output is an output of the stack.
        logging: command.local.Logging.Stderr,
      },
      { parent: this, dependsOn: machines.flatMap((machine) => machine.dependsOn) },
    );
    return rollout.stdout.apply((stdout) => rolloutResultSchema.parse(JSON.parse(stdout)));
  }
}

type Build = ReturnType<typeof artifactBuilder>;

/** Machines that are pushed to: all but those that fetch what they run. */
type PushedConfig = Omit<FleetConfig, "machines"> & {
  machines: Exclude<FleetConfig["machines"], { provider: "autoscaling" | "ec2" }> | SshEc2Config;
};

/** Validates before the component is registered, so that a typing mistake leaves no trace in the state. */
function checked(name: string, args: FleetArgs, pin: Pin | undefined): string {
  appOf(name, parseFleet(name, args), pin);
  return name;
}

/** With a pin, the app's folder need not be there. */
function appOf(name: string, { app }: FleetConfig, pin: Pin | undefined): App {
  return pin === undefined ? checkApp(app.name ?? name, app) : pinnedApp(pin, app.dir);
}

function sizes(machines: RolloutResult["machines"]): Record<string, { cores: number; workers: number }> {
  return Object.fromEntries(
    Object.entries(machines).map(([name, status]) => [name, { cores: status.cores, workers: status.workers.wanted }]),
  );
}
