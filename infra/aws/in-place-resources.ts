/** What releases in place need: a record of what the group is on, for machines that are born, and a document for those that are there. */
import { BucketObjectv2 } from "@pulumi/aws/s3/bucketObjectv2.js";
import { Document } from "@pulumi/aws/ssm/document.js";
import * as pulumi from "@pulumi/pulumi";
import type { Artifacts } from "./artifacts.ts";
import { RECORD_KEY } from "./boot-script.ts";
import { inPlaceDocument } from "./in-place-script.ts";
import type { AddressKey } from "./named-machine.ts";
import { childOf, type Scope, tagsOf } from "./scope.ts";

/**
 * Made once, with the first release; from then on `fleet in-place` writes it, when a release has been on trial on all machines: what a
 * machine is born with is never what is only tried.
 * @param first sha256 of the first release's manifest
 */
export function fleetRecord(
  scope: Scope,
  { bucket, ready }: Artifacts,
  first: pulumi.Input<string>,
  there: pulumi.Resource[],
): BucketObjectv2 {
  const args = { bucket: bucket.id, key: RECORD_KEY, content: pulumi.interpolate`${first}\n` };
  const options = { ...childOf(scope, [...ready, ...there]), ignoreChanges: ["content"] };
  return new BucketObjectv2(`${scope.fleet}-record`, args, options);
}

export interface DocumentArgs {
  /** The app's name. */
  app: string;
  /** The artifacts'. */
  bucket: pulumi.Input<string>;
  region: string;
  /** Of machines that have names. */
  named?: AddressKey;
}

export function releaseDocument(scope: Scope, { app, bucket, region, named }: DocumentArgs): Document {
  const name = `${scope.fleet}-release`;
  const content = pulumi.output(bucket).apply((artifacts) => inPlaceDocument({ bucket: artifacts, region, app, named }));
  const tags = tagsOf(scope, name);
  const kind = { documentType: "Command", documentFormat: "JSON", targetType: "/AWS::EC2::Instance" };
  return new Document(name, { ...kind, content, tags }, childOf(scope));
}
