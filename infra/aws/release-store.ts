/** What machines that fetch their release fetch it from, and the leave that they need for it. */
import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { artifactObject, type Artifacts } from "./artifacts.ts";
import type { StoredSecrets } from "./group-secrets.ts";
import type { Grant } from "./identity.ts";
import { runCommandGrant } from "./managed-node.ts";
import type { Scope } from "./scope.ts";

export interface FetchedArchive {
  path: string;
  sha256: string;
}

/** A release that is whole in the bucket. */
export interface StoredRelease {
  /** Of its manifest, by which it is called. */
  sha256: pulumi.Output<string>;
  objects: pulumi.Resource[];
}

/** @param archives by what they are, which names the resources */
export function storeRelease(
  scope: Scope,
  artifacts: Artifacts,
  archives: Readonly<Record<string, pulumi.Output<FetchedArchive>>>,
  manifest: pulumi.Output<string>,
): StoredRelease {
  const sha256 = manifest.apply((text) => createHash("sha256").update(text).digest("hex"));
  const stored = Object.entries(archives).map(([what, archive]) =>
    artifactObject(scope, artifacts, what, {
      folder: "archives",
      sha256: archive.apply((one) => one.sha256),
      content: { path: archive.apply((one) => one.path) },
    }),
  );
  const named = artifactObject(scope, artifacts, "manifest", { folder: "manifests", sha256, content: { text: manifest } });
  return { sha256, objects: [...stored, named] };
}

export interface Fetching {
  artifacts: Artifacts;
  kmsKey: pulumi.Input<string> | undefined;
  secrets: StoredSecrets | undefined;
  /** Whether releases come by Run Command. */
  told: boolean;
}

/** Leave to read its own artifacts and its own secrets. Listing tells a machine that something is missing, rather than forbidden. */
export function fetchGrants({ artifacts: { bucket }, kmsKey, secrets, told }: Fetching): Grant[] {
  return [
    { name: "artifacts", actions: ["s3:GetObject"], resources: [pulumi.interpolate`${bucket.arn}/*`] },
    { name: "artifact-names", actions: ["s3:ListBucket"], resources: [bucket.arn] },
    ...(secrets === undefined ? [] : [{ name: "secrets", actions: ["secretsmanager:GetSecretValue"], resources: [secrets.arn] }]),
    ...(kmsKey === undefined ? [] : [{ name: "key", actions: ["kms:Decrypt"], resources: [kmsKey] }]),
    ...(told ? [runCommandGrant] : []),
  ];
}
