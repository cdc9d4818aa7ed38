/**
 * A fleet of provider `autoscaling`: nobody logs in to its machines, which fetch what they run; a release is a refresh of the group, or
 * comes in place.
 */
import * as pulumi from "@pulumi/pulumi";
import type { Cloudwatch } from "../runtime/cloudwatch.ts";
import { groupManifest, groupManifestSchema, type GroupSecrets } from "../runtime/group.ts";
import { groupPreflight } from "./aws/preflight.ts";
import { type GroupResources, groupResources } from "./aws/group-resources.ts";
import type { App } from "./build/app.ts";
import type { AutoscalingConfig } from "./config/aws/autoscaling.ts";
import { cloudwatchOf } from "./cloudwatch.ts";
import { architectureOf } from "./config/aws/instance-type.ts";
import { DEFAULT_VPC_CIDR } from "./config/aws/network-rules.ts";
import type { FleetConfig } from "./config/schema.ts";
import { referredSecrets } from "./config/secret-references.ts";
import { groupSecrets, groupValues } from "./group-secrets.ts";
import { inPlaceCommand } from "./in-place/command.ts";
import type { InPlacePlan } from "./in-place/plan.ts";
import type { Inventory } from "./inventory.ts";
import { debian } from "./machines/local/spec.ts";
import type { Target } from "./machines/machine.ts";
import type { FleetOutputs } from "./outputs.ts";
import { pruneCommand } from "./prune/command.ts";
import { refreshCommand } from "./refresh/command.ts";
import type { Built } from "./rollout/artifacts.ts";
import { DEFAULT_BATCH } from "./rollout/batches.ts";
import { manifestOf } from "./rollout/manifests.ts";
import { httpsOf } from "./rollout/tls.ts";

export interface GroupFleetOptions {
  fleet: string;
  config: FleetConfig;
  group: AutoscalingConfig;
  app: App;
  build: (targets: readonly Target[]) => Promise<Built>;
}

export function groupFleet(parent: pulumi.Resource, options: GroupFleetOptions): FleetOutputs {
  const { fleet, group, app, build } = options;
  const config = behindBalancer(options.config, group);
  const target = groupTarget(group);
  // Nothing is made before AWS has said that it has all of it, and before the release has been built.
  const built = pulumi.output(groupPreflight({ parent, fleet, machines: group }).then(() => build([target])));
  const { domains, redirects } = config.https;
  const { path } = config.app.health;
  const cloudwatch = cloudwatchOf(config, fleet);
  const resources = groupResources({ parent, fleet, tags: group.tags, gate: built }, group, {
    app: app.name,
    names: [...new Set([...domains, ...redirects])],
    // Without a path of the app's own, any answer below 500 shows that it lives; a balancer can ask for no more than 499.
    health: path === undefined ? { path: "/", matcher: "200-499" } : { path, matcher: "200-399" },
    drainTimeoutMs: config.app.drainTimeoutMs,
    secrets: groupValues(config),
    references: referredSecrets(config.app.secrets),
    archives: built.apply((all) => ({ runtime: all.runtime(target.arch).archive, release: all.release(target).archive })),
    manifest: (secrets) =>
      pulumi
        .all([built, pulumi.output(config.app.environment), groupSecrets(config, secrets)])
        .apply(([all, environment, where]) =>
          groupText({ fleet, config, app, target, built: all as Built, environment, secrets: where, cloudwatch }),
        ),
  });
  const refreshed = refreshCommand(parent, fleet, resources, group);
  const served: pulumi.Output<unknown> =
    resources.document === undefined ? refreshed : releaseInPlace(parent, fleet, resources, group, refreshed);
  pruneGroup(parent, fleet, resources, group, served);
  const releaseId = built.apply((all) => all.releaseId);
  return {
    urls: served.apply(() => domains.slice(0, 1).map((name) => `https://${name}/`)),
    release: pulumi.all([releaseId, served]).apply(([id]) => id),
    // Machines come and go; each says so itself.
    workers: pulumi.output<Record<string, { cores: number; workers: number }>>({}),
    // The balancer's certificate is one that browsers know.
    caBundle: pulumi.output(""),
    skipped: pulumi.output<string[]>([]),
    artifacts: resources.artifacts,
    inventory: groupInventory(fleet, app.name, resources, group),
  };
}

function groupInventory(fleet: string, app: string, { name, region, bucket, document }: GroupResources, group: AutoscalingConfig) {
  const { warmUpMs, refresh } = group;
  return pulumi.all([name, bucket, document ?? ""]).apply(([of, artifacts, sent]): Inventory => {
    const inPlace = document === undefined ? {} : { inPlace: { document: sent, ...paceOf(group) } };
    const releases = { bucket: artifacts, warmUpMs, refresh, ...inPlace };
    return { schema: 1, fleet, app, machines: [], group: { name: of, region, releases } };
  });
}

function releaseInPlace(
  parent: pulumi.Resource,
  fleet: string,
  { name, region, bucket, document = pulumi.output(""), manifest, dependsOn }: GroupResources,
  config: AutoscalingConfig,
  after: pulumi.Output<unknown>,
) {
  const plan = { group: name, bucket, document, manifest, ...paceOf(config), warmUpMs: config.warmUpMs };
  return inPlaceCommand(parent, { fleet, region, plan, dependsOn, after });
}

function pruneGroup(
  parent: pulumi.Resource,
  fleet: string,
  resources: GroupResources,
  group: AutoscalingConfig,
  after: pulumi.Output<unknown>,
) {
  const { name, region, bucket, mixedInstances } = resources;
  const template = mixedInstances.apply(({ launchTemplate }) => launchTemplate.launchTemplateSpecification.launchTemplateId);
  const place = { region, bucket, of: { group: name, template } };
  pruneCommand(parent, { fleet, place, keepReleases: group.artifacts.keepReleases, after });
}

/** How many machines at a time, as Systems Manager takes it. */
function paceOf({ inPlace }: Pick<AutoscalingConfig, "inPlace">): Pick<InPlacePlan, "batch" | "maxErrors"> {
  return { batch: String(inPlace?.batch ?? DEFAULT_BATCH), maxErrors: inPlace?.maxErrors ?? 0 };
}

/** Ranges of private use (RFC 1918, RFC 6598). */
const PRIVATE_RANGES = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"];

/** Nobody but the balancer reaches the machines, so its word about clients is believed: it has addresses of the VPC. */
function behindBalancer(config: FleetConfig, { network }: AutoscalingConfig): FleetConfig {
  if (config.https.trustedProxies.length > 0) return config;
  const trustedProxies = network.vpc === undefined ? [network.cidr ?? DEFAULT_VPC_CIDR] : PRIVATE_RANGES;
  return { ...config, https: { ...config.https, trustedProxies } };
}

/** What a group's machines are, as far as a release is concerned. */
export function groupTarget({ types, debian: version }: Pick<AutoscalingConfig, "types" | "debian">): Target {
  const { python } = debian[version === 13 ? "trixie" : "bookworm"];
  return { arch: architectureOf(types[0] ?? "") ?? "x64", python };
}

interface GroupTextParts extends Omit<GroupFleetOptions, "group" | "build"> {
  target: Target;
  /** Name of the only machine that it is for. @default it is for all of a group */
  machine?: string;
  built: Built;
  environment: Record<string, string>;
  secrets: GroupSecrets | undefined;
  cloudwatch?: Cloudwatch | undefined;
}

/** By way of a machine's manifest, so that values that were deferred are checked here, and not on a machine that boots. */
export function groupText(parts: GroupTextParts): string {
  const { fleet, config, app, target, machine = "machine", built, environment, secrets, cloudwatch } = parts;
  const { id, archive } = built.runtime(target.arch);
  const sample = { name: machine, address: "machine", domains: [] };
  const manifest = manifestOf(config, {
    fleet,
    machine: sample.name,
    app: { name: app.name, command: app.command, environment },
    runtimeId: id,
    release: built.release(target),
    https: httpsOf(config.https, sample, {}, ""),
    cloudwatch,
  });
  // What was deferred is checked here, as well.
  return `${JSON.stringify(groupManifestSchema.parse(groupManifest(manifest, archive, secrets)))}\n`;
}
