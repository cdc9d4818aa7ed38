/** A bucket called "store" for the tests of one `describe`; whoever reads it is let in meanwhile. */
import { after, before } from "node:test";
import { CreateBucketCommand, PutBucketVersioningCommand, S3Client } from "@aws-sdk/client-s3";
import { type BucketServer, startBucketServer } from "./moto.ts";

export interface TestBucket {
  server(): BucketServer;
  /** A store's URL. @param path begins with the bucket */
  urlOf(path: string): string;
}

/** To be called in a `describe`. */
export function testBucket(): TestBucket {
  let started: BucketServer | undefined;
  const server = (): BucketServer => {
    if (started === undefined) throw new Error("the bucket's server isn't started");
    return started;
  };
  const before_ = { ...process.env };
  before(async () => {
    started = await startBucketServer();
    Object.assign(process.env, started.env);
    const client = new S3Client({ endpoint: started.endpoint, forcePathStyle: true });
    await client.send(new CreateBucketCommand({ Bucket: "store", CreateBucketConfiguration: { LocationConstraint: "eu-west-1" } }));
    await client.send(new PutBucketVersioningCommand({ Bucket: "store", VersioningConfiguration: { Status: "Enabled" } }));
    client.destroy();
  });
  after(async () => {
    for (const key of Object.keys(started?.env ?? {})) delete process.env[key];
    Object.assign(process.env, before_);
    await started?.stop();
  });
  return { server, urlOf: (path) => `s3://${path}?region=eu-west-1&endpoint=${server().endpoint}` };
}
