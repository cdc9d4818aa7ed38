/** The commands that ask EC2, against a fake of it that botocore's service model checks. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { evidence, type Run, runIn } from "../../support/project.ts";
import { FakeAws } from "../aws/fakes/aws-process.ts";

const MAIN = fileURLToPath(new URL("../../../infra/cli/main.ts", import.meta.url));
const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAID6+zTzbcKQ6WxmvZlLGL3OggTYOSQgMS09BAYMVawmi";
const CONSOLE = `booting\n-----BEGIN SSH HOST KEY KEYS-----\n${KEY} root@ip\n-----END SSH HOST KEY KEYS-----\nlogin:`;
const FILE = `config:
  fleetwright:fleet:
    app: { dir: app }
    machines:
      provider: ec2
      network: { subnets: { eu-central-1a: 10.80.0.0/24 } }
      images: { x64: ami-01111111111111111 } # pinned
      instances: [{ name: web-1, type: m7i.large }]
`;

const debian = (id: string, date: string, more: object = {}) => ({
  ImageId: id,
  Name: `debian-13-amd64-${date}-1`,
  OwnerId: "136693071363",
  CreationDate: `${date}T00:00:00.000Z`,
  State: "available",
  VirtualizationType: "hvm",
  RootDeviceType: "ebs",
  ...more,
});

describe("EC2 asked by the fleet command", () => {
  const folder = mkdtempSync(join(tmpdir(), "fleetwright-aws-"));
  const path = join(folder, "Pulumi.prod.yaml");
  let aws: FakeAws;

  before(async () => {
    aws = await FakeAws.start("ec2.py", "127.0.0.1");
  });
  after(async () => {
    await aws.close();
    rmSync(folder, { recursive: true });
  });

  function fleet(args: string[], more: { stdin?: string; env?: Record<string, string> } = {}): Promise<Run> {
    const env = { AWS_ENDPOINT_URL: aws.url, AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test", ...more.env };
    return runIn(folder, process.execPath, [MAIN, ...args], { env, ...(more.stdin === undefined ? {} : { stdin: more.stdin }) });
  }

  async function asked(): Promise<{ action: string; given: Record<string, unknown> }[]> {
    const told = (await aws.tell("")) as { asked: { action: string; given: Record<string, unknown> }[]; faults: string[] };
    assert.deepEqual(told.faults, []);
    return told.asked;
  }

  test("image bump writes Debian's newest image, no matter who else has one of that name", async () => {
    const images = [
      debian("ami-02222222222222222", "2026-09-01"),
      debian("ami-03333333333333333", "2026-10-01"),
      debian("ami-04444444444444444", "2026-11-01", { OwnerId: "666666666666" }),
      debian("ami-05555555555555555", "2026-11-01", { Name: "debian-13-arm64-2026-11-01-1" }),
      debian("ami-06666666666666666", "2026-11-01", { State: "pending" }),
    ];
    await aws.tell("", { images });
    writeFileSync(path, FILE);
    const run = await fleet(["image", "bump", "--stack", "prod"]);
    assert.equal(run.code, 0, evidence(run));
    assert.match(run.stdout, /x64: ami-03333333333333333 \(debian-13-amd64-2026-10-01-1\), before: ami-01111111111111111/);
    const written = readFileSync(path, "utf8");
    assert.match(written, /images: \{ x64: ami-03333333333333333 \} # pinned/);
    const again = await fleet(["image", "bump", "--stack", "prod"]);
    assert.match(again.stdout, /has the newest images already/, evidence(again));
    assert.equal(readFileSync(path, "utf8"), written);
    await asked();
  });

  test("where AWS refuses, or has no such image, the file stays as it is", async () => {
    writeFileSync(path, FILE);
    await aws.tell("", { images: [], errors: {} });
    const none = await fleet(["image", "bump", "--stack", "prod"]);
    assert.match(none.stderr, /Debian has no image of its release 13 for x64 in eu-central-1/, evidence(none));
    await aws.tell("", { errors: { DescribeImages: [{ code: "UnauthorizedOperation", message: "not you", status: 403 }] } });
    const refused = await fleet(["image", "bump", "--stack", "prod"]);
    assert.match(refused.stderr, /AWS didn't list the images in eu-central-1: .*not you\n.*the file wasn't changed/, evidence(refused));
    assert.equal(readFileSync(path, "utf8"), FILE);
    const elsewhere = await fleet(["image", "bump", "--stack", "dev"]);
    assert.equal(elsewhere.code, 2, evidence(elsewhere));
  });

  const request = JSON.stringify({ region: "eu-central-1", instanceId: "i-0123456789abcdef0" });

  test("a new machine's host key is waited for, and taken from the console, also while AWS throttles", async () => {
    const errors = { GetConsoleOutput: [{ code: "RequestLimitExceeded", status: 503 }] };
    await aws.tell("", { console: ["", "booting\n", CONSOLE], errors });
    const run = await fleet(["ec2-host-key"], { stdin: request });
    assert.equal(run.stdout, `${KEY}\n`, evidence(run));
    assert.deepEqual(
      (await asked()).map(({ given }) => given.Latest),
      [true, true, true, true],
    );
  });

  test("types that don't show their latest lines are asked for what they have published", async () => {
    await aws.tell("", { console: [CONSOLE], latest: false, errors: {} });
    const run = await fleet(["ec2-host-key"], { stdin: request });
    assert.equal(run.stdout, `${KEY}\n`, evidence(run));
    assert.deepEqual(
      (await asked()).map(({ given }) => given.Latest),
      [true, false],
    );
  });

  test("an instance that is there keeps its key, and AWS isn't asked: its console may have lost it", async () => {
    await aws.tell("", { console: [] });
    const run = await fleet(["ec2-host-key"], { stdin: request, env: { PULUMI_COMMAND_STDOUT: KEY } });
    assert.equal(run.stdout, `${KEY}\n`, evidence(run));
    assert.deepEqual(await asked(), []);
  });

  test("credentials that may not see the console are told as such", async () => {
    await aws.tell("", { errors: { GetConsoleOutput: [{ code: "UnauthorizedOperation", message: "not you", status: 403 }] } });
    const run = await fleet(["ec2-host-key"], { stdin: request });
    assert.equal(run.code, 1, evidence(run));
    assert.match(run.stderr, /AWS didn't show the console of i-0123456789abcdef0: .*not you\n.*\n.*ec2:GetConsoleOutput/, evidence(run));
  });
});
