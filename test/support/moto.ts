/** An S3-compatible server on a loopback port, which has KMS and STS, too: moto, from PyPI in its pinned version; kept in the cache. */
import { type ChildProcess, spawn } from "node:child_process";
import { freePort } from "../infra/offline/ssh-server.ts";
import { until } from "./poll.ts";
import { pythonPackages } from "./python-packages.ts";

const REQUIREMENTS = ["moto[s3,server]==5.2.5"];
const START_TIMEOUT_MS = 120_000;

export interface BucketServer {
  endpoint: string;
  /** What AWS's clients need in their environment to be let in. */
  env: Record<string, string>;
  stop(): Promise<void>;
}

export async function startBucketServer(): Promise<BucketServer> {
  const packages = await pythonPackages("python3", "moto", REQUIREMENTS);
  const port = await freePort();
  const child = spawn("python3", ["-m", "moto.server", "-H", "127.0.0.1", "-p", String(port)], {
    env: { ...process.env, PYTHONPATH: packages },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (log += chunk.toString()));
  const endpoint = `http://127.0.0.1:${port}`;
  const answers = async (): Promise<boolean> => (await fetch(`${endpoint}/moto-api/`)).ok;
  await until("moto answers", answers, START_TIMEOUT_MS).catch(async (error: Error) => {
    await end(child);
    throw new Error(`${error.message}\n${log}`);
  });
  const env = { AWS_ACCESS_KEY_ID: "testing", AWS_SECRET_ACCESS_KEY: "testing", AWS_REGION: "eu-west-1" };
  return { endpoint, env, stop: () => end(child) };
}

/** By KMS's own protocol: its client isn't among our packages. */
export async function newKmsKey({ endpoint }: Pick<BucketServer, "endpoint">): Promise<string> {
  const target = { "x-amz-target": "TrentService.CreateKey", "content-type": "application/x-amz-json-1.1" };
  const authorization = "AWS4-HMAC-SHA256 Credential=testing/20260101/eu-west-1/kms/aws4_request, SignedHeaders=host, Signature=0";
  const response = await fetch(endpoint, { method: "POST", headers: { ...target, authorization }, body: "{}" });
  const { KeyMetadata } = (await response.json()) as { KeyMetadata: { KeyId: string } };
  return KeyMetadata.KeyId;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("close", resolve));
  child.kill("SIGKILL");
  await ended;
}
