/** What is written down is encrypted, and no bucket is public. */
import { each, type GraphResource, group, isOn, many } from "./graph.ts";

export const encryption = each("encrypted", (resource, all) => {
  const { type, inputs } = resource;
  switch (type) {
    case "aws:ec2/instance:Instance":
      return volumes([...many(inputs.rootBlockDevice ?? {}), ...many(inputs.ebsBlockDevices)]);
    case "aws:ec2/launchTemplate:LaunchTemplate":
      return templateVolumes(inputs);
    case "aws:ebs/volume:Volume":
      return volumes([inputs]);
    case "aws:s3/bucket:Bucket":
    case "aws:s3/bucketV2:BucketV2":
      return bucket(resource, all);
    default:
      return undefined;
  }
});

function volumes(devices: readonly unknown[]): string[] {
  return devices.some((device) => !isOn(group(device).encrypted)) ? ["has a volume that isn't encrypted; set encrypted: true"] : [];
}

/** Without a mapping the image's own settings count, and Debian's say "not encrypted". */
function templateVolumes({ blockDeviceMappings }: GraphResource["inputs"]): string[] {
  const devices = many(blockDeviceMappings).map((mapping) => group(mapping).ebs);
  return devices.length === 0 ? ["takes the image's volume as it is; give a mapping with encrypted: true"] : volumes(devices);
}

function bucket(resource: GraphResource, all: readonly GraphResource[]): string[] {
  const names = new Set([resource.id, resource.inputs.bucket].filter((name) => typeof name === "string"));
  const of = (kind: RegExp) => all.filter(({ type, inputs }) => kind.test(type) && names.has(inputs.bucket as string));
  const encrypted = resource.inputs.serverSideEncryptionConfiguration !== undefined || of(/^aws:s3\/bucketServerSideEncryption/).length > 0;
  const closed = of(/^aws:s3\/bucketPublicAccessBlock:/).some(({ inputs }) =>
    ["blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"].every((key) => isOn(inputs[key])),
  );
  return [
    ...(encrypted ? [] : ["has no encryption of its own; add a BucketServerSideEncryptionConfiguration"]),
    ...(closed ? [] : ["can be made public; add a BucketPublicAccessBlock with all four set"]),
  ];
}
