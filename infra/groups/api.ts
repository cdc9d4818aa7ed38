/** What AWS knows of a group's releases: its refreshes and launch templates, or the versions of its record; and the manifests of both. */
import { AutoScalingClient, type InstanceRefresh, paginateDescribeInstanceRefreshes } from "@aws-sdk/client-auto-scaling";
import { GetObjectCommand, ListObjectVersionsCommand, NoSuchKey, S3Client } from "@aws-sdk/client-s3";
import { RECORD_KEY } from "../aws/boot-script.ts";
import { clientOptions } from "../aws/client.ts";
import type { InventoryGroup } from "../inventory.ts";
import { manifestsIn } from "./manifest-text.ts";

export interface RefreshOfGroup {
  version: string | undefined;
  status: string;
  reason: string | undefined;
  at: Date | undefined;
}

export interface HistoryApi {
  /** The oldest first. */
  refreshes(): Promise<RefreshOfGroup[]>;
  /** sha256 of the manifest that a version of a launch template names. */
  manifestOfVersion(template: string, version: string): Promise<string | undefined>;
  /** What the record had in it, the oldest first. */
  records(): Promise<{ at: Date | undefined; manifest: string }[]>;
  /** The id of the release in a manifest; undefined where it isn't in the bucket any more. */
  releaseOf(manifest: string): Promise<string | undefined>;
}

/** @throws what the SDK throws */
export function historyApi({ name, region }: InventoryGroup, bucket: string): HistoryApi {
  const autoscaling = new AutoScalingClient(clientOptions({ region }));
  const s3 = new S3Client(clientOptions({ region }));
  return {
    refreshes: async () => {
      const all: InstanceRefresh[] = [];
      const given = { AutoScalingGroupName: name };
      const pages = paginateDescribeInstanceRefreshes({ client: autoscaling }, given);
      for await (const { InstanceRefreshes = [] } of pages) all.push(...InstanceRefreshes);
      return all.map(refreshOf).toReversed();
    },
    manifestOfVersion: (template, version) => manifestOfVersion(region, template, version),
    records: () => records(s3, bucket),
    releaseOf: async (manifest) => {
      const text = await read(s3, { Bucket: bucket, Key: `manifests/${manifest}` });
      return text === undefined ? undefined : releaseIn(text);
    },
  };
}

function refreshOf({ Status, StatusReason, EndTime, StartTime, DesiredConfiguration }: InstanceRefresh): RefreshOfGroup {
  const { Version } = DesiredConfiguration?.MixedInstancesPolicy?.LaunchTemplate?.LaunchTemplateSpecification ?? {};
  return { version: Version, status: Status ?? "", reason: StatusReason, at: EndTime ?? StartTime };
}

/** Loaded here, as nothing else of a group needs it. */
async function manifestOfVersion(region: string, LaunchTemplateId: string, version: string): Promise<string | undefined> {
  const { DescribeLaunchTemplateVersionsCommand, EC2Client } = await import("@aws-sdk/client-ec2");
  const client = new EC2Client(clientOptions({ region }));
  try {
    const { LaunchTemplateVersions: [found] = [] } = await client.send(
      new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateId, Versions: [version] }),
    );
    const script = Buffer.from(found?.LaunchTemplateData?.UserData ?? "", "base64").toString();
    return /^manifest=([0-9a-f]{64})$/m.exec(script)?.[1];
  } catch (error) {
    // A version that somebody deleted, or a template.
    if (/^InvalidLaunchTemplate.*(NotFound|VersionNotFound)/.test((error as Error).name)) return undefined;
    throw error;
  }
}

async function records(client: S3Client, Bucket: string): Promise<{ at: Date | undefined; manifest: string }[]> {
  // The newest first, a thousand at most: more than a month has.
  const { Versions = [] } = await client.send(new ListObjectVersionsCommand({ Bucket, Prefix: RECORD_KEY }));
  const each = Versions.filter(({ Key }) => Key === RECORD_KEY).map(async ({ LastModified, VersionId }) => {
    const text = await read(client, { Bucket, Key: RECORD_KEY, ...(VersionId === undefined ? {} : { VersionId }) });
    return text === undefined ? [] : [{ at: LastModified, manifest: text.trim() }];
  });
  return (await Promise.all(each)).flat().toReversed();
}

async function read(client: S3Client, at: { Bucket: string; Key: string; VersionId?: string }): Promise<string | undefined> {
  try {
    const { Body } = await client.send(new GetObjectCommand(at));
    return await Body?.transformToString();
  } catch (error) {
    if (error instanceof NoSuchKey) return undefined;
    throw error;
  }
}

/** The same of all machines. */
function releaseIn(manifest: string): string | undefined {
  try {
    const [{ common } = {}] = manifestsIn(manifest) as { common?: { app?: { release?: { id?: string } } } }[];
    return common?.app?.release?.id;
  } catch {
    return undefined;
  }
}
