/** The calls to EC2 and S3 that pruning needs. */
import {
  DeleteLaunchTemplateVersionsCommand,
  EC2Client,
  type LaunchTemplateVersion,
  paginateDescribeLaunchTemplateVersions,
} from "@aws-sdk/client-ec2";
import { DeleteObjectsCommand, GetObjectCommand, paginateListObjectsV2, S3Client, type _Object as ListedObject } from "@aws-sdk/client-s3";
import { z } from "zod";
import { sha256Schema } from "../../runtime/manifest.ts";
import { RECORD_KEY } from "../aws/boot-script.ts";
import { clientOptions } from "../aws/client.ts";
import { FleetError } from "../errors.ts";
import { manifestsIn } from "../groups/manifest-text.ts";
import type { PruneInput } from "./input.ts";
import type { StoredObject, TemplateVersion } from "./plan.ts";

export interface PruneApi {
  versions(): Promise<TemplateVersion[]>;
  /** Those that AWS keeps all the same are seen when {@link versions} is asked again. */
  removeVersions(numbers: readonly number[]): Promise<void>;
  objects(folder: "archives" | "manifests"): Promise<StoredObject[]>;
  /** sha256 of the archives that a manifest names; none when it isn't there. @throws FleetError when it can't be understood */
  archivesOf(manifest: string): Promise<string[]>;
  /** The sha256 in the fleet's record; undefined when there is none. */
  record(): Promise<string | undefined>;
  /** In a versioned bucket: hidden, until its lifecycle removes them. @throws FleetError when S3 keeps some */
  removeObjects(keys: readonly string[]): Promise<void>;
}

/** AWS's most in one call. */
const VERSIONS_AT_ONCE = 200;
const OBJECTS_AT_ONCE = 1_000;

export function pruneApi({ region, profile, bucket: Bucket, template: LaunchTemplateId }: PruneInput): PruneApi {
  const ec2 = new EC2Client(clientOptions({ region, profile }));
  const s3 = new S3Client(clientOptions({ region, profile }));
  const text = (key: string) => textOf(s3, Bucket, key);
  return {
    versions: async () => {
      if (LaunchTemplateId === undefined) return [];
      const pages = paginateDescribeLaunchTemplateVersions({ client: ec2 }, { LaunchTemplateId });
      return (await every(pages, ({ LaunchTemplateVersions = [] }) => LaunchTemplateVersions)).map(versionOf);
    },
    removeVersions: async (numbers) => {
      for (const Versions of chunks(numbers.map(String), VERSIONS_AT_ONCE)) {
        await ec2.send(new DeleteLaunchTemplateVersionsCommand({ LaunchTemplateId, Versions }));
      }
    },
    objects: async (folder) => {
      const pages = paginateListObjectsV2({ client: s3 }, { Bucket, Prefix: `${folder}/` });
      return (await every(pages, ({ Contents = [] }) => Contents)).map(objectOf);
    },
    archivesOf: async (manifest) => {
      const found = await text(`manifests/${manifest}`);
      return found === undefined ? [] : archivesIn(found, manifest);
    },
    record: async () => (await text(RECORD_KEY))?.trim(),
    removeObjects: async (keys) => {
      for (const chunk of chunks(keys, OBJECTS_AT_ONCE)) {
        const Delete = { Objects: chunk.map((Key) => ({ Key })), Quiet: true };
        const { Errors = [] } = await s3.send(new DeleteObjectsCommand({ Bucket, Delete }));
        const [first] = Errors;
        if (first !== undefined) throw new FleetError(`S3 keeps ${first.Key}: ${first.Code}: ${first.Message}`, MEND);
      }
    },
  };
}

const MEND = { kept: "what is left is whole.", next: "see what S3 says; the next pulumi up tries again." };

const archiveSchema = z.object({ sha256: sha256Schema });
const manifestSchema = z.object({ schema: z.literal(1), runtime: archiveSchema, release: archiveSchema });

function archivesIn(text: string, manifest: string): string[] {
  try {
    const all = manifestsIn(text).map((one) => manifestSchema.parse(one));
    return [...new Set(all.flatMap(({ runtime, release }) => [runtime.sha256, release.sha256]))];
  } catch {
    throw new FleetError(`the manifest ${manifest.slice(0, 12)} isn't one that this version understands.`, MEND);
  }
}

async function textOf(s3: S3Client, Bucket: string, Key: string): Promise<string | undefined> {
  try {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
    return await Body?.transformToString();
  } catch (error) {
    if ((error as Error).name === "NoSuchKey") return undefined;
    throw error;
  }
}

/** One of which S3 doesn't say when it was stored is as new as can be. */
function objectOf({ Key = "", Size = 0, LastModified }: ListedObject): StoredObject {
  return { key: Key, bytes: Size, storedAtMs: LastModified?.getTime() ?? Infinity };
}

function versionOf({ VersionNumber = 0, DefaultVersion = false, LaunchTemplateData }: LaunchTemplateVersion): TemplateVersion {
  const script = Buffer.from(LaunchTemplateData?.UserData ?? "", "base64").toString();
  return { number: VersionNumber, isDefault: DefaultVersion, manifest: /^manifest=([0-9a-f]{64})$/m.exec(script)?.[1] };
}

async function every<Page, T>(pages: AsyncIterable<Page>, itemsOf: (page: Page) => readonly T[]): Promise<T[]> {
  const all: T[] = [];
  for await (const page of pages) all.push(...itemsOf(page));
  return all;
}

function chunks<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, index) => all.slice(index * size, (index + 1) * size));
}
