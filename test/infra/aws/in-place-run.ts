/** `fleet in-place`, the real process, against fakes of Run Command, Auto Scaling and EC2, and moto's S3. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RECORD_KEY } from "../../../infra/aws/boot-script.ts";
import { inPlaceDocument } from "../../../infra/aws/in-place-script.ts";
import { FakeAws } from "./fakes/aws-process.ts";

const MAIN = join(import.meta.dirname, "../../../infra/cli/main.ts");
const HANG_MS = 120_000;
export const OLD = "a".repeat(64);
export const NEW = "b".repeat(64);
/** What a machine's script writes when a release doesn't come up on it. */
export const LINES =
  "fleetwright: this machine keeps what it serves: the release does not come up\nfleetwright: what to do: see the lines above\n";

export interface Told {
  asked: { action: string; given: Record<string, unknown> }[];
  faults: string[];
  commands: { action: string; status: string; id: string }[];
  replaced: string[];
}

export interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

export const evidence = ({ stdout, stderr }: Ran): string => `${stdout}\n${stderr}`;

/** @param plan what all runs of it are told */
export class InPlaceRuns {
  private readonly folder = mkdtempSync(join(tmpdir(), "fleetwright-record-"));
  private readonly record = join(this.folder, "record");

  readonly aws: FakeAws;
  readonly s3: FakeAws;
  private readonly plan: object;

  private constructor(aws: FakeAws, s3: FakeAws, plan: object) {
    this.aws = aws;
    this.s3 = s3;
    this.plan = plan;
  }

  static async start(plan: object): Promise<InPlaceRuns> {
    const [aws, s3] = await Promise.all([FakeAws.start("ssm.py", "127.0.0.1"), FakeAws.start("boot.py", "127.0.0.1")]);
    await s3.tell("/bucket", { name: "artifacts" });
    return new InPlaceRuns(aws, s3, plan);
  }

  async close(): Promise<void> {
    await Promise.all([this.aws.close(), this.s3.close()]);
    rmSync(this.folder, { recursive: true });
  }

  async told(): Promise<Told> {
    return (await this.aws.tell("")) as Told;
  }

  /** What was sent, the first first. */
  async sent(): Promise<string[]> {
    return (await this.told()).commands.map(({ action }) => action).reverse();
  }

  /** Machines on the old release. @param more of the fake's state */
  async arrange(machines: object[], more: object): Promise<void> {
    writeFileSync(this.record, `${OLD}\n`);
    await this.s3.tell("/put", { bucket: "artifacts", key: RECORD_KEY, path: this.record });
    const documents = { "web-release": inPlaceDocument({ bucket: "artifacts", region: "eu-central-1", app: "shop" }) };
    await this.aws.tell("", { documents, machines, results: {}, errors: {}, commands: [], ...more });
  }

  /** What machines are born with. */
  async born(): Promise<string> {
    return ((await this.s3.tell("/object", { bucket: "artifacts", key: RECORD_KEY })) as { text: string }).text.trim();
  }

  run(more: object = {}, pace = 50): { child: ChildProcess; said: () => string; ended: Promise<Ran> } {
    const env = {
      ...process.env,
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "test",
      AWS_ENDPOINT_URL: this.aws.url,
      AWS_ENDPOINT_URL_S3: this.s3.url,
      AWS_EC2_METADATA_DISABLED: "true",
      AWS_PROFILE: "",
      AWS_MAX_ATTEMPTS: "2",
    };
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", MAIN, "in-place", "--pace", String(pace)], { env });
    const output = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const)
      child[name]?.setEncoding("utf8").on("data", (text: string) => void (output[name] += text));
    const common = { schema: 1, fleet: "web", region: "eu-central-1", bucket: "artifacts", document: "web-release", manifest: NEW };
    child.stdin?.end(JSON.stringify({ ...common, batch: "25%", maxErrors: 0, warmUpMs: 180_000, ...this.plan, ...more }));
    // A hang ends with what was said so far.
    const timer = setTimeout(() => child.kill("SIGKILL"), HANG_MS);
    child.on("close", () => clearTimeout(timer));
    return { child, said: () => output.stderr, ended: once(child, "close").then(([code]) => ({ code: code as number | null, ...output })) };
  }

  async release(more: object = {}, pace = 50): Promise<Ran> {
    const ran = await this.run(more, pace).ended;
    assert.deepEqual((await this.told()).faults, [], `the fake itself failed\n${evidence(ran)}`);
    return ran;
  }
}
