/** One recovery store, in every place that a store can be in: a folder, the same over SSH, and a copy in a bucket. */
import { createReadStream, readdirSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { type SshServer, startSshServer } from "../infra/offline/ssh-server.ts";
import { type BucketServer, startBucketServer } from "./moto.ts";

export interface StorePlaces {
  ssh: string;
  bucket: string;
  /** What the bucket's server wants of who reads it. */
  env: Record<string, string>;
  server: BucketServer;
  stop(): Promise<void>;
}

/** @param store a folder that has a store */
export async function servedStore(store: string): Promise<StorePlaces> {
  const sshd = await startSshServer();
  const server = await startBucketServer();
  await upload(store, server);
  return {
    ssh: sshUrl(sshd, store),
    bucket: `s3://store/fleets?region=eu-west-1&endpoint=${server.endpoint}`,
    env: server.env,
    server,
    stop: async () => void (await Promise.all([sshd.stop(), server.stop()])),
  };
}

function sshUrl({ user, port, hostKey, privateKeyFile }: SshServer, store: string): string {
  const [type = "", key = ""] = hostKey.split(" ");
  return `ssh://${user}@127.0.0.1:${port}${store}?hostKey=${type}:${key}&privateKeyFile=${privateKeyFile}`;
}

async function upload(store: string, { endpoint, env }: BucketServer): Promise<void> {
  const credentials = { accessKeyId: env.AWS_ACCESS_KEY_ID ?? "", secretAccessKey: env.AWS_SECRET_ACCESS_KEY ?? "" };
  // Else it sends in chunks with checksums, which moto takes apart slowly.
  const common = { forcePathStyle: true, region: "eu-west-1", requestChecksumCalculation: "WHEN_REQUIRED" } as const;
  const client = new S3Client({ endpoint, credentials, ...common });
  try {
    await client.send(new CreateBucketCommand({ Bucket: "store", CreateBucketConfiguration: { LocationConstraint: "eu-west-1" } }));
    for (const entry of readdirSync(store, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      const body = { Body: createReadStream(path), ContentLength: statSync(path).size };
      await client.send(new PutObjectCommand({ Bucket: "store", Key: `fleets/${relative(store, path)}`, ...body }));
    }
  } finally {
    client.destroy();
  }
}
