/**
 * A fleet of provider `ec2` with delivery `ssm`: machines with names that nobody logs in to. They fetch what they run, and are told to by
 * Run Command.
 */
import * as pulumi from "@pulumi/pulumi";
import { preflight } from "./aws/preflight.ts";
import { type NamedResources, namedResources } from "./aws/named-resources.ts";
import type { FetchedArchive } from "./aws/release-store.ts";
import { stackTag } from "./aws/scope.ts";
import type { App } from "./build/app.ts";
import { cloudwatchOf } from "./cloudwatch.ts";
import type { Ec2Config } from "./config/aws/ec2.ts";
import { architectureOf } from "./config/aws/instance-type.ts";
import { USUAL_DEBIAN } from "./config/aws/offer-rules.ts";
import { KEPT_RELEASES } from "./config/aws/regions.ts";
import type { FleetConfig } from "./config/schema.ts";
import { referredSecrets } from "./config/secret-references.ts";
import { groupText } from "./group-fleet.ts";
import { groupSecrets, groupValues } from "./group-secrets.ts";
import { namedLine } from "./groups/manifest-text.ts";
import { inPlaceCommand } from "./in-place/command.ts";
import { BOOT_MS } from "./in-place/first-boot.ts";
import type { Inventory } from "./inventory.ts";
import { debian } from "./machines/local/spec.ts";
import type { Target } from "./machines/machine.ts";
import type { FleetOutputs } from "./outputs.ts";
import { pruneCommand } from "./prune/command.ts";
import type { Built } from "./rollout/artifacts.ts";
import { urlsOf } from "./urls.ts";

export interface NamedFleetOptions {
  fleet: string;
  config: FleetConfig;
  machines: Ec2Config;
  app: App;
  build: (targets: readonly Target[]) => Promise<Built>;
}

export function namedFleet(parent: pulumi.Resource, options: NamedFleetOptions): FleetOutputs {
  const { fleet, config, machines, app, build } = options;
  const targets = namedTargets(machines);
  // Nothing is made before AWS has said that it has all of it, and before the release has been built.
  const asked = preflight({ parent, fleet, machines, build: async () => undefined });
  const built = pulumi.output(asked.then(() => build([...targets.values()]))) as pulumi.Output<Built>;
  const resources = namedResources({ parent, fleet, tags: machines.tags, gate: built }, machines, {
    app: app.name,
    https: { ...config.https, healthPath: config.app.health.path },
    secrets: groupValues(config),
    references: referredSecrets(config.app.secrets),
    archives: archivesOf(targets, built),
    manifest: (secrets) => manifestText(options, targets, built, groupSecrets(config, secrets)),
  });
  const inventory = namedInventory(fleet, app.name, resources, config);
  const served = releaseCommand(parent, fleet, resources, inventory);
  const { region, bucket } = resources;
  pruneCommand(parent, { fleet, place: { region, bucket }, keepReleases: KEPT_RELEASES, after: served });
  return {
    urls: served.apply(() => pulumi.all(resources.machines.map(({ name, address }) => urlsOf(config.https, name, address)))),
    release: pulumi.all([built, served]).apply(([all]) => (all as Built).releaseId),
    // Each machine says so itself.
    workers: pulumi.output<Record<string, { cores: number; workers: number }>>({}),
    // Caddy has an authority in any case; only with this mode clients are to know it.
    caBundle: served.apply(({ authorities = "" }) => (config.https.mode === "internal" ? authorities : "")),
    skipped: pulumi.output<string[]>([]),
    artifacts: pulumi.all([resources.bucketArn, machines.kmsKey]).apply(([bucket, kmsKey]) => ({ bucket, kmsKey })),
    inventory,
  };
}

/** A line for each machine, with its own kind of release and its own names. */
function manifestText(
  { fleet, config, app }: NamedFleetOptions,
  targets: ReadonlyMap<string, Target>,
  built: pulumi.Output<Built>,
  secrets: ReturnType<typeof groupSecrets>,
): pulumi.Output<string> {
  return pulumi.all([built, pulumi.output(config.app.environment), secrets]).apply(([all, environment, where]) => {
    const parts = { fleet, config, app, built: all as Built, environment, secrets: where };
    const text = (name: string, target: Target) =>
      groupText({ ...parts, target, machine: name, cloudwatch: cloudwatchOf(config, fleet, name) });
    return [...targets].map(([name, target]) => namedLine(name, text(name, target))).join("");
  });
}

/** By machine, what a release has to be built for. */
export function namedTargets({ instances, debian: general = USUAL_DEBIAN }: Pick<Ec2Config, "instances" | "debian">): Map<string, Target> {
  return new Map(
    instances.map(({ name, type, debian: version = general }) => {
      const { python } = debian[version === 13 ? "trixie" : "bookworm"];
      return [name, { arch: architectureOf(type) ?? "x64", python }];
    }),
  );
}

/** A runtime bundle for each architecture, and a release for each kind of machine. */
function archivesOf(targets: ReadonlyMap<string, Target>, built: pulumi.Output<Built>): Record<string, pulumi.Output<FetchedArchive>> {
  const each = [...targets.values()].flatMap((target): [string, pulumi.Output<FetchedArchive>][] => [
    [`runtime-${target.arch}`, built.apply((all) => all.runtime(target.arch).archive)],
    [`release-${target.arch}-py${target.python}`, built.apply((all) => all.release(target).archive)],
  ]);
  return Object.fromEntries(each);
}

function namedInventory(fleet: string, app: string, resources: NamedResources, { rollout }: FleetConfig): pulumi.Output<Inventory> {
  const { machines, region, bucket, document } = resources;
  const named = machines.map(({ name, instance }) => instance.id.apply((id) => ({ name, id })));
  return pulumi.all([bucket, document, pulumi.all(named)]).apply(([artifacts, sent, instances]): Inventory => {
    const inPlace = { document: sent, batch: String(rollout.batch), maxErrors: 0 };
    const releases = { bucket: artifacts, warmUpMs: BOOT_MS, inPlace };
    const group = { name: fleet, region, releases, instances: { stack: stackTag(), machines: instances } };
    return { schema: 1, fleet, app, machines: [], group };
  });
}

function releaseCommand(parent: pulumi.Resource, fleet: string, resources: NamedResources, inventory: pulumi.Output<Inventory>) {
  const { region, bucket, document, manifest, dependsOn } = resources;
  const batch = inventory.apply(({ group }) => group?.releases?.inPlace?.batch ?? "");
  const instances = inventory.apply(({ group }) => group?.instances);
  return inPlaceCommand(parent, {
    fleet,
    region,
    plan: { group: fleet, instances, bucket, document, manifest, batch, maxErrors: 0, warmUpMs: BOOT_MS },
    dependsOn,
  });
}
