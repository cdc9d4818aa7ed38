/** A store in a bucket of S3, or of anything that speaks its language. Credentials come from where AWS's tools find them. */
import { createReadStream, createWriteStream } from "node:fs";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  ListObjectsV2Command,
  paginateListObjectsV2,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from "@aws-sdk/client-s3";
import { digestOf, type Source } from "./digest.ts";
import { type FileEntry, StoreFailure, type StoreFiles } from "./files.ts";
import type { StoreAddress } from "./url.ts";

type BucketAddress = Extract<StoreAddress, { kind: "s3" }>;

/** One attempt's connection; the client makes three. */
const CONNECT_TIMEOUT_MS = 10_000;
/** Silence on an open connection. */
const SILENCE_TIMEOUT_MS = 60_000;

export function bucketFiles(address: BucketAddress, url: string): StoreFiles {
  const { bucket, prefix } = address;
  const client = clientFor(address);
  const at = (name: string) => ({ Bucket: bucket, Key: `${prefix}${name}` });
  const get = (name: string): Promise<GetObjectCommandOutput> =>
    client.send(new GetObjectCommand(at(name))).catch((error: unknown) => failed(error, bucket, name));
  return {
    url,
    write: async (name, source) => {
      const body = await bodyOf(source);
      // The server refuses what arrives with another hash, and shows an object only when all of it is there.
      await client.send(new PutObjectCommand({ ...at(name), ...body })).catch((error: unknown) => failed(error, bucket, name));
    },
    read: async (name, target) => {
      const { Body } = await get(name);
      await pipeline(Body as Readable, createWriteStream(target, { mode: 0o600 })).catch((error: unknown) => failed(error, bucket, name));
    },
    readBytes: async (name) => Buffer.from((await (await get(name)).Body?.transformToByteArray()) ?? []),
    list: (folder) => listAll(client, bucket, prefix, folder),
    remove: async (name) => {
      await client.send(new DeleteObjectCommand(at(name))).catch((error: unknown) => failed(error, bucket, name));
    },
    clockMs: () => clockOf(client, bucket, prefix),
    close: async () => client.destroy(),
  };
}

function clientFor({ region, endpoint }: BucketAddress): S3Client {
  return new S3Client({
    ...(region === undefined ? {} : { region }),
    // Servers other than Amazon's rarely have a host name for each bucket.
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    requestHandler: { connectionTimeout: CONNECT_TIMEOUT_MS, requestTimeout: SILENCE_TIMEOUT_MS },
    requestChecksumCalculation: "WHEN_REQUIRED",
  });
}

/** By the header of an answer, which has whole seconds. An answer that can't be had is told by whoever asks for more than the time. */
async function clockOf(client: S3Client, bucket: string, prefix: string): Promise<number | undefined> {
  let date: string | undefined;
  const command = new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, MaxKeys: 1 });
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      date = (result.response as { headers?: Record<string, string> }).headers?.date;
      return result;
    },
    { step: "deserialize" },
  );
  await client.send(command).catch(() => undefined);
  return date === undefined ? undefined : Date.parse(date) + 500;
}

async function bodyOf(source: Source) {
  const { sha256, bytes } = await digestOf(source);
  const Body = "bytes" in source ? source.bytes : createReadStream(source.file);
  return { Body, ContentLength: bytes, ChecksumSHA256: Buffer.from(sha256, "hex").toString("base64") };
}

async function listAll(client: S3Client, bucket: string, prefix: string, folder: string): Promise<FileEntry[]> {
  const entries: FileEntry[] = [];
  try {
    for await (const page of paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: `${prefix}${folder}` })) {
      for (const { Key = "", Size = 0, LastModified } of page.Contents ?? []) {
        entries.push({ name: Key.slice(prefix.length), bytes: Size, writtenAtMs: LastModified?.getTime() ?? Number.NaN });
      }
    }
  } catch (error) {
    failed(error, bucket, folder);
  }
  return entries;
}

function failed(error: unknown, bucket: string, name: string): never {
  const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
  const { name: kind, message } = error as Error;
  if (kind === "NoSuchKey") throw new StoreFailure("missing", `${name} is not there`);
  if (kind === "NoSuchBucket") throw new StoreFailure("unreachable", `there is no bucket "${bucket}"`);
  if (status === 403 || kind === "CredentialsProviderError") {
    throw new StoreFailure("unreachable", `bucket "${bucket}" refuses these credentials (${kind}: ${message})`);
  }
  if (status !== undefined && status < 500) throw new StoreFailure("refused", `bucket "${bucket}" refuses ${name} (${kind}: ${message})`);
  throw new StoreFailure("unreachable", `bucket "${bucket}" doesn't answer (${kind}: ${message})`);
}
