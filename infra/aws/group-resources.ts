/** Everything on AWS that a fleet of provider `autoscaling` consists of. */
import { getZoneOutput } from "@pulumi/aws/route53/getZone.js";
import * as pulumi from "@pulumi/pulumi";
import type { AutoscalingConfig } from "../config/aws/autoscaling.ts";
import { regionOfNetwork } from "../config/aws/network-rules.ts";
import type { SecretReferenceConfig } from "../config/secret-references.ts";
import type { ArtifactsPlace } from "../outputs.ts";
import { groupAlarms } from "./alarms.ts";
import { type Artifacts, artifactsOf } from "./artifacts.ts";
import { balancerOf } from "./balancer.ts";
import { bootScript } from "./boot-script.ts";
import { certificateFor } from "./certificate.ts";
import { balancerRecords } from "./failover.ts";
import { groupOf } from "./group.ts";
import { groupFirewall } from "./group-firewall.ts";
import { type StoredSecrets, storeSecrets } from "./group-secrets.ts";
import { machineProfile } from "./identity.ts";
import { tellingGrants } from "./telling-grants.ts";
import { fleetRecord, releaseDocument } from "./in-place-resources.ts";
import { ownKey } from "./key.ts";
import { launchTemplate } from "./launch-template.ts";
import { type MixedInstances, mixedInstances } from "./mixed-instances.ts";
import { networkOf } from "./network.ts";
import { type FetchedArchive, fetchGrants, storeRelease } from "./release-store.ts";
import { replicate } from "./replication.ts";
import type { Scope } from "./scope.ts";
import { referenceGrants } from "./secret-grants.ts";

/** What the group is for. */
export interface GroupServing {
  /** The app's name. */
  app: string;
  /** Names of the balancer's certificate. */
  names: readonly string[];
  health: { path: string; matcher: string };
  drainTimeoutMs: number;
  /** Values by name; undefined when the app has none. */
  secrets: pulumi.Input<{ [name: string]: string }> | undefined;
  /** Those that are kept at AWS, by name. */
  references: { readonly [name: string]: SecretReferenceConfig };
  /** What every machine fetches. */
  archives: pulumi.Output<{ runtime: FetchedArchive; release: FetchedArchive }>;
  /** The group's manifest, as machines read it. */
  manifest: (secrets: StoredSecrets | undefined) => pulumi.Output<string>;
}

export interface GroupResources {
  /** The group's name on AWS. */
  name: pulumi.Output<string>;
  region: string;
  mixedInstances: pulumi.Output<MixedInstances>;
  /** The artifacts' bucket. */
  bucket: pulumi.Output<string>;
  /** sha256 of the manifest of the release that is wanted. */
  manifest: pulumi.Output<string>;
  /** With releases in place: the document that machines are sent. */
  document: pulumi.Output<string> | undefined;
  /** What a stack in another region needs to know. */
  artifacts: pulumi.Output<ArtifactsPlace>;
  dependsOn: pulumi.Resource[];
}

export function groupResources(scope: Scope, given: AutoscalingConfig, serving: GroupServing): GroupResources {
  const config = { ...given, kmsKey: given.key === undefined ? given.kmsKey : ownKey(scope, given.key) };
  const network = networkOf(scope, config.network);
  const subnets = Object.values(network.subnets);
  const firewalls = groupFirewall(scope, network.vpcId, config.access === "public" ? ["0.0.0.0/0"] : config.clients);
  const { certificateArn, balancer } = entrance(scope, config, serving, { vpcId: network.vpcId, subnets, group: firewalls.balancer.id });
  const artifacts = artifactsOf(scope, config);
  const region = regionOfNetwork(config.network);
  const { replicateTo } = config.artifacts;
  if (replicateTo !== undefined) replicate(scope, { to: replicateTo, artifacts, kmsKey: config.kmsKey, region });
  const { template, manifest } = templateOf(scope, config, serving, { artifacts, securityGroupId: firewalls.machines.id });
  const mixed = pulumi.all([template.id, template.latestVersion]).apply(([id, version]) => mixedInstances(config, id, version));
  const { drainTimeoutMs } = serving;
  const group = groupOf(scope, { config, subnets, balancer, mixedInstances: mixed, drainTimeoutMs, ready: network.ready });
  if (config.alarms !== undefined) groupAlarms(scope, config.alarms, { group: group.name, balancer, certificateArn });
  const place = pulumi.all([artifacts.bucket.arn, config.kmsKey]).apply(([bucket, kmsKey]): ArtifactsPlace => ({ bucket, kmsKey }));
  const { bucket } = artifacts.bucket;
  const document = config.releases === "in-place" ? releaseDocument(scope, { app: serving.app, bucket, region }) : undefined;
  const dependsOn = document === undefined ? [group] : [group, document];
  return { name: group.name, region, mixedInstances: mixed, artifacts: place, bucket, manifest, document: document?.name, dependsOn };
}

interface Place {
  vpcId: pulumi.Input<string>;
  subnets: pulumi.Input<string>[];
  /** The balancer's security group. */
  group: pulumi.Input<string>;
}

/** The balancer, its certificate, and the names that lead to it. */
function entrance(scope: Scope, config: AutoscalingConfig, { names, health, drainTimeoutMs }: GroupServing, place: Place) {
  const { parent } = scope;
  const zone = config.dns === undefined ? undefined : getZoneOutput({ name: config.dns.zone, privateZone: false }, { parent });
  const shared = config.dns?.failover !== undefined;
  const certificateArn = pulumi.output(config.certificate ?? certificateFor(scope, { zoneId: zone?.zoneId ?? "", names, shared }));
  const internal = config.access === "private";
  const { vpcId, subnets, group: securityGroupId } = place;
  const balancer = balancerOf(scope, { vpcId, subnets, securityGroupId, internal, certificateArn, health, drainTimeoutMs });
  if (zone !== undefined) {
    balancerRecords(scope, { zoneId: zone.zoneId, names, balancer, failover: config.dns?.failover, healthPath: health.path });
  }
  return { certificateArn, balancer };
}

interface TemplateParts {
  artifacts: Artifacts;
  /** The machines' security group. */
  securityGroupId: pulumi.Input<string>;
}

function templateOf(scope: Scope, config: AutoscalingConfig, serving: GroupServing, { artifacts, securityGroupId }: TemplateParts) {
  const secrets = storeSecrets(scope, serving.secrets, config);
  const kept = referenceGrants(scope, regionOfNetwork(config.network), serving.references);
  const inPlace = config.releases === "in-place";
  const own = fetchGrants({ artifacts, kmsKey: config.kmsKey, secrets, told: inPlace });
  const profile = machineProfile(scope, [...own, ...kept, ...tellingGrants(scope, config, config.protect)]);
  const archive = (of: "runtime" | "release") => serving.archives.apply((all) => all[of]);
  const archives = { runtime: archive("runtime"), release: archive("release") };
  const { sha256, objects: dependsOn } = storeRelease(scope, artifacts, archives, serving.manifest(secrets));
  if (inPlace) dependsOn.push(fleetRecord(scope, artifacts, sha256, [...dependsOn]));
  const region = regionOfNetwork(config.network);
  const named = inPlace ? undefined : sha256;
  const userData = pulumi.all([artifacts.bucket.bucket, named]).apply(([bucket, hash]) => bootScript({ bucket, region, manifest: hash }));
  const { image, diskGiB, kmsKey } = config;
  // In the fleet's own network there is no NAT; the firewall lets nobody but the balancer in.
  const publicAddress = config.access === "public" || config.network.vpc === undefined;
  const args = { image, diskGiB, kmsKey, publicAddress, securityGroupId, profile: profile.name, userData, dependsOn };
  return { template: launchTemplate(scope, args), manifest: sha256 };
}
