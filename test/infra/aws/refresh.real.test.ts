/** `fleet refresh`, the real process, against an Auto Scaling API whose requests and answers keep to botocore's service model. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { mixedInstances } from "../../../infra/aws/mixed-instances.ts";
import { autoscalingSchema } from "../../../infra/config/aws/autoscaling.ts";
import { until } from "../../support/poll.ts";
import { FakeAws } from "./fakes/aws-process.ts";
import { groupMachines } from "./samples.ts";

const MAIN = join(import.meta.dirname, "../../../infra/cli/main.ts");
const GROUP = "web-1234567";
const { refresh: preferences, warmUpMs, ...config } = autoscalingSchema.parse({ ...groupMachines(), refresh: { checkpoints: [50] } });
const HANG_MS = 120_000;
let aws: FakeAws;

before(async () => {
  aws = await FakeAws.start("autoscaling.py", "127.0.0.1");
});
after(() => aws?.close());

interface Told {
  asked: { action: string; given: Record<string, unknown> }[];
  faults: string[];
}
const told = async () => (await aws.tell("")) as Told;
const starts = async () => (await told()).asked.filter(({ action }) => action === "StartInstanceRefresh");

/** As the Auto Scaling API has it. */
const policy = (version: string) => ({
  LaunchTemplate: {
    LaunchTemplateSpecification: { LaunchTemplateId: "lt-0a", LaunchTemplateName: "web", Version: version },
    Overrides: config.types.map((type) => ({ InstanceType: type })),
  },
  InstancesDistribution: {
    OnDemandBaseCapacity: 0,
    OnDemandPercentageAboveBaseCapacity: 100,
    OnDemandAllocationStrategy: "prioritized",
    SpotAllocationStrategy: "price-capacity-optimized",
  },
});

/** A group on version 6, and what a refresh goes through from now on. */
const arrange = (steps: object[], more: object = {}) =>
  aws.tell("", { group: { name: GROUP, policy: policy("6"), machines: ["6", "6"] }, refreshes: [], errors: {}, steps, ...more });

interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

function run(): { child: ChildProcess; said: () => string; ended: Promise<Ran> } {
  const keys = {
    AWS_ACCESS_KEY_ID: "AKIAEXAMPLE",
    AWS_SECRET_ACCESS_KEY: "secret",
    AWS_ENDPOINT_URL: aws.url,
    AWS_EC2_METADATA_DISABLED: "true",
  };
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", MAIN, "refresh", "--pace", "50"], {
    env: { ...process.env, ...keys, AWS_PROFILE: "", AWS_MAX_ATTEMPTS: "2" },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    child[name]?.setEncoding("utf8").on("data", (text: string) => void (output[name] += text));
  const plan = {
    schema: 1,
    fleet: "web",
    group: GROUP,
    region: "eu-central-1",
    desired: mixedInstances(config, "lt-0a", 7),
    preferences: { ...preferences, warmUpMs },
  };
  child.stdin?.end(JSON.stringify(plan));
  // A hang ends with what was said so far.
  const timer = setTimeout(() => child.kill("SIGKILL"), HANG_MS);
  child.on("close", () => clearTimeout(timer));
  return { child, said: () => output.stderr, ended: once(child, "close").then(([code]) => ({ code: code as number | null, ...output })) };
}

async function refresh(): Promise<Ran> {
  const ran = await run().ended;
  assert.deepEqual((await told()).faults, [], "the fake itself failed");
  return ran;
}

const evidence = ({ stdout, stderr }: Ran): string => `${stdout}\n${stderr}`;
const under = (percent: number, left: number) => ({ Status: "InProgress", PercentageComplete: percent, InstancesToUpdate: left });

test("a release is one refresh, with the whole configuration by name and number, awaited with its progress", async () => {
  await arrange([
    { Status: "Pending" },
    under(0, 2),
    under(50, 1),
    { Status: "Successful", PercentageComplete: 100, InstancesToUpdate: 0 },
  ]);
  const ran = await refresh();
  assert.equal(ran.code, 0, evidence(ran));
  assert.deepEqual(JSON.parse(ran.stdout), { schema: 1, group: GROUP, version: "7", machines: 2 });
  assert.match(
    ran.stderr,
    /refresh to version 7 started[\s\S]*under way: 50 %, 1 machine to go[\s\S]*is done: 100 %[\s\S]*the group is on version 7, with 2 machines/,
  );
  const [started, ...more] = await starts();
  assert.deepEqual(more, []);
  const { LaunchTemplate } = policy("7");
  const { LaunchTemplateName: _name, ...LaunchTemplateSpecification } = LaunchTemplate.LaunchTemplateSpecification;
  assert.deepEqual(started?.given, {
    AutoScalingGroupName: GROUP,
    Strategy: "Rolling",
    DesiredConfiguration: { MixedInstancesPolicy: { ...policy("7"), LaunchTemplate: { ...LaunchTemplate, LaunchTemplateSpecification } } },
    Preferences: {
      MinHealthyPercentage: 100,
      MaxHealthyPercentage: 110,
      InstanceWarmup: 180,
      AutoRollback: true,
      SkipMatching: true,
      ScaleInProtectedInstances: "Refresh",
      StandbyInstances: "Wait",
      CheckpointPercentages: [50, 100],
      CheckpointDelay: 600,
    },
  });
});

test("a group that is as wanted is left alone", async () => {
  await arrange([], { group: { name: GROUP, policy: policy("7"), machines: ["7", "7"] } });
  const ran = await refresh();
  assert.equal(ran.code, 0, evidence(ran));
  assert.deepEqual(await starts(), []);
});

const REASON = "Instance i-0 failed to become healthy";
const failures: [string, object[], RegExp][] = [
  [
    "rolled back",
    [under(50, 1), { Status: "RollbackInProgress", StatusReason: REASON }, { Status: "RollbackSuccessful", StatusReason: REASON }],
    /the refresh of web-1234567 was rolled back: Instance i-0 failed/,
  ],
  ["failed", [under(50, 1), { Status: "Failed", StatusReason: REASON }], /the refresh of web-1234567 failed: Instance i-0 failed/],
  [
    "cancelled",
    [under(50, 1), { Status: "Cancelling" }, { Status: "Cancelled", StatusReason: "Cancelled due to user request." }],
    /was cancelled: Cancelled due to user request/,
  ],
  [
    "not even rolled back",
    [under(50, 1), { Status: "RollbackInProgress" }, { Status: "RollbackFailed", StatusReason: REASON }],
    /failed, and so did its rollback: Instance i-0/,
  ],
];
for (const [what, steps, expected] of failures) {
  test(`a refresh that is ${what} fails, with AWS's own words and the version that the group is on`, async () => {
    await arrange(steps);
    const ran = await refresh();
    assert.equal(ran.code, 1, evidence(ran));
    assert.match(ran.stderr, expected);
    assert.match(ran.stderr, /Left as it is: the group is on version 6; its machines: 2 of version 6\nWhat to do: /);
    assert.equal(ran.stdout, "");
    // Run again, it tries again.
    await aws.tell("", { steps: [{ Status: "Successful" }] });
    assert.equal((await refresh()).code, 0);
  });
}

test("killed and started again, it takes up the refresh that runs", async () => {
  await arrange([under(10, 2)]);
  const first = run();
  await until("the refresh runs", () => first.said().includes("under way"), 60_000);
  first.child.kill("SIGKILL");
  await first.ended;
  await aws.tell("", { steps: [under(50, 1), { Status: "Successful" }] });
  const ran = await refresh();
  assert.equal(ran.code, 0, evidence(ran));
  assert.match(ran.stderr, /a refresh to version 7 runs already \(refresh-1\)/);
  assert.deepEqual(await starts(), []);
});

test("another's refresh is waited for first", async () => {
  const other = {
    DesiredConfiguration: { MixedInstancesPolicy: policy("5") },
    Status: "InProgress",
    InstanceRefreshId: "refresh-x",
    AutoScalingGroupName: GROUP,
  };
  await arrange([under(50, 1), { Status: "Cancelled" }, { Status: "Successful" }], { refreshes: [other] });
  const ran = await refresh();
  assert.equal(ran.code, 0, evidence(ran));
  assert.match(ran.stderr, /another refresh runs \(refresh-x\)[\s\S]*refresh to version 7 started/);
});

test("told to end, it says that the refresh goes on, and how to undo it", async () => {
  await arrange([under(10, 2)]);
  const { child, said, ended } = run();
  await until("the refresh runs", () => said().includes("under way"), 60_000);
  child.kill("SIGTERM");
  const ran = await ended;
  assert.equal(ran.code, 130, evidence(ran));
  assert.match(ran.stderr, /goes on at AWS[\s\S]*rollback-instance-refresh/);
});

test("throttled and interrupted calls are made again", async () => {
  const busy = [{ code: "Throttling" }, { code: "Throttling" }, { code: "ServiceUnavailable", status: 503 }];
  await arrange([{ Status: "Successful" }], { errors: { DescribeInstanceRefreshes: [...busy], StartInstanceRefresh: [...busy] } });
  const ran = await refresh();
  assert.equal(ran.code, 0, evidence(ran));
});

test("a start whose answer was lost is found, not made twice", async () => {
  await arrange([{ Status: "Successful" }], { errors: { StartInstanceRefresh: [{ code: "InstanceRefreshInProgress" }] } });
  const ran = await refresh();
  assert.equal(ran.code, 0, evidence(ran));
});

test("credentials that expire while it waits: said so, the refresh goes on, and the next run takes it up", async () => {
  await arrange([under(10, 2)], { errors: { DescribeInstanceRefreshes: [] } });
  const { said, ended } = run();
  await until("the refresh runs", () => said().includes("under way"), 60_000);
  const expired = Array.from({ length: 50 }, () => ({ code: "ExpiredToken", message: "The security token is expired", status: 403 }));
  await aws.tell("", { errors: { DescribeInstanceRefreshes: expired } });
  const ran = await ended;
  assert.equal(ran.code, 1, evidence(ran));
  assert.match(ran.stderr, /doesn't take the credentials[\s\S]*goes on at AWS[\s\S]*log in again/);
  await aws.tell("", { errors: {}, steps: [{ Status: "Successful" }] });
  assert.equal((await refresh()).code, 0);
});

test("what the role may not do is told, and not tried for minutes", async () => {
  await arrange([], {
    errors: {
      StartInstanceRefresh: [{ code: "AccessDenied", message: "not authorized to perform autoscaling:StartInstanceRefresh", status: 403 }],
    },
  });
  const ran = await refresh();
  assert.equal(ran.code, 1, evidence(ran));
  assert.match(ran.stderr, /AWS refuses.*AccessDenied.*StartInstanceRefresh/);
});

test("a group that is gone is named", async () => {
  await arrange([], { group: null });
  const ran = await refresh();
  assert.equal(ran.code, 1, evidence(ran));
  assert.match(ran.stderr, /there is no group web-1234567 in eu-central-1/);
});
