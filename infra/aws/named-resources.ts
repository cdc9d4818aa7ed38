/** Everything on AWS that a fleet of provider `ec2` with delivery `ssm` consists of: machines with names that fetch what they run. */
import * as pulumi from "@pulumi/pulumi";
import type { Ec2Config } from "../config/aws/ec2.ts";
import { regionOfNetwork } from "../config/aws/network-rules.ts";
import type { SecretReferenceConfig } from "../config/secret-references.ts";
import { artifactsOf } from "./artifacts.ts";
import { bootScript } from "./boot-script.ts";
import { ec2Resources, type Serving } from "./ec2-resources.ts";
import { type StoredSecrets, storeSecrets } from "./group-secrets.ts";
import { fleetRecord, releaseDocument } from "./in-place-resources.ts";
import type { BootPlan, Ec2Instance } from "./instances.ts";
import type { AddressKey } from "./named-machine.ts";
import { type FetchedArchive, fetchGrants, storeRelease } from "./release-store.ts";
import type { Scope } from "./scope.ts";
import { referenceGrants } from "./secret-grants.ts";

/** What the machines are for. */
export interface NamedServing {
  /** The app's name. */
  app: string;
  https: Serving;
  /** Values by name; undefined when the app has none. */
  secrets: pulumi.Input<{ [name: string]: string }> | undefined;
  /** Those that are kept at AWS, by name. */
  references: { readonly [name: string]: SecretReferenceConfig };
  /** What machines fetch, by what it is. */
  archives: Readonly<Record<string, pulumi.Output<FetchedArchive>>>;
  /** The fleet's manifest, with a line for each machine. */
  manifest: (secrets: StoredSecrets | undefined) => pulumi.Output<string>;
}

export interface NamedResources {
  machines: Ec2Instance[];
  region: string;
  /** The artifacts' bucket, by its name and its ARN. */
  bucket: pulumi.Output<string>;
  bucketArn: pulumi.Output<string>;
  /** sha256 of the manifest of the release that is wanted. */
  manifest: pulumi.Output<string>;
  /** That machines are sent. */
  document: pulumi.Output<string>;
  /** What must be there before a release can come to the machines. */
  dependsOn: pulumi.Resource[];
}

export function namedResources(scope: Scope, config: Ec2Config, serving: NamedServing): NamedResources {
  const { kmsKey, terminationProtection: protect } = config;
  const region = regionOfNetwork(config.network);
  const artifacts = artifactsOf(scope, { kmsKey, protect });
  const secrets = storeSecrets(scope, serving.secrets, { kmsKey, protect });
  const { sha256, objects } = storeRelease(scope, artifacts, serving.archives, serving.manifest(secrets));
  const record = fleetRecord(scope, artifacts, sha256, objects);
  const { bucket } = artifacts.bucket;
  const addressKey = config.access === "public" ? "public-ipv4" : "local-ipv4";
  const grants = [...fetchGrants({ artifacts, kmsKey, secrets, told: true }), ...referenceGrants(scope, region, serving.references)];
  const boot = bootPlan({ bucket, region, addressKey }, [...objects, record]);
  const machines = ec2Resources(scope, config, serving.https, { grants, boot });
  const document = releaseDocument(scope, { app: serving.app, bucket, region, named: addressKey });
  const dependsOn = [...objects, record, document, ...machines.flatMap((machine) => machine.dependsOn)];
  return { machines, region, bucket, bucketArn: artifacts.bucket.arn, manifest: sha256, document: document.name, dependsOn };
}

interface BootPlace {
  bucket: pulumi.Output<string>;
  region: string;
  addressKey: AddressKey;
}

/** Names no release: a machine comes up on the one that the fleet's record says, whenever it is made. */
function bootPlan({ bucket, region, addressKey }: BootPlace, there: pulumi.Resource[]): BootPlan {
  return {
    script: (name, address) =>
      pulumi
        .all([bucket, address])
        .apply(([artifacts, lasting]) =>
          bootScript({ bucket: artifacts, region, manifest: undefined, member: { name, addressKey, address: lasting } }),
        ),
    there,
  };
}
