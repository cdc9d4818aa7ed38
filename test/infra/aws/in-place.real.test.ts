/** `fleet in-place`, the real process, against Run Command and Auto Scaling APIs that keep to botocore's service model, and moto's S3. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { until } from "../../support/poll.ts";
import type { FakeAws } from "./fakes/aws-process.ts";
import { evidence, InPlaceRuns, LINES, NEW, OLD } from "./in-place-run.ts";

const GROUP = "web-1234567";
let runs: InPlaceRuns;
let aws: FakeAws;

before(async () => {
  runs = await InPlaceRuns.start({ group: GROUP });
  ({ aws } = runs);
});
after(() => runs?.close());

const told = () => runs.told();
const sent = () => runs.sent();
const born = () => runs.born();
const run = (more: object = {}, pace?: number) => runs.run(more, pace);
const release = (more: object = {}) => runs.release(more);

/** A group whose machines were born with the old release. */
const arrange = (machines: object[], more: object = {}) => runs.arrange(machines, { group: GROUP, ...more });

const two = [{ id: "i-0a" }, { id: "i-0b" }];

test("a release is tried on all machines, some at a time, then it is the fleet's, then they have it for good", async () => {
  await arrange(two);
  const ran = await release();
  assert.equal(ran.code, 0, evidence(ran));
  assert.deepEqual(JSON.parse(ran.stdout), { schema: 1, group: GROUP, manifest: NEW, machines: 2 });
  assert.match(
    ran.stderr,
    /i-0a: serves the release, on trial\n[\s\S]*i-0b: serves[\s\S]*i-0a: has it for good\n[\s\S]*on bbbbbbbbbbbb, with 2 machines/,
  );
  assert.equal(await born(), NEW);
  assert.deepEqual(await sent(), ["try", "confirm"]);
  const [{ given } = { given: {} }] = (await told()).asked.filter(({ action }) => action === "SendCommand");
  assert.deepEqual(given, {
    DocumentName: "web-release",
    Targets: [{ Key: "tag:aws:autoscaling:groupName", Values: [GROUP] }],
    Parameters: { action: ["try"], manifest: [NEW] },
    TimeoutSeconds: 600,
    MaxConcurrency: "25%",
    MaxErrors: "0",
    Comment: "Fleetwright: try bbbbbbbbbbbb",
  });
});

test("a machine on which it doesn't come up: its last words are told, all go back, and machines are born with the old release", async () => {
  await arrange([...two, { id: "i-0c" }], { results: { "i-0b": { try: [{ status: "Failed", error: LINES, output: "" }] } } });
  const ran = await release();
  assert.equal(ran.code, 1, evidence(ran));
  assert.match(
    ran.stderr,
    /the release bbbbbbbbbbbb failed on i-0b, i-0c \(Terminated\)\.\n {2}\| i-0b: fleetwright: this machine keeps what/,
  );
  assert.match(ran.stderr, /i-0a: serves what it served before[\s\S]*Left as it is: the group's release \(aaaaaaaaaaaa\)/);
  assert.deepEqual(await sent(), ["try", "back"]);
  assert.equal(await born(), OLD);
  assert.equal(ran.stdout, "");
  // Run again, it tries again.
  assert.equal((await release()).code, 0);
  assert.equal(await born(), NEW);
});

test("as many failures as may be: the release stays, and those machines are replaced by such as are born with it", async () => {
  await arrange(two, { results: { "i-0b": { try: [{ status: "Failed", error: LINES, output: "" }] } } });
  const ran = await release({ maxErrors: 1 });
  assert.equal(ran.code, 0, evidence(ran));
  assert.deepEqual((await told()).replaced, ["i-0b"]);
  assert.match(ran.stderr, /i-0b: is replaced by a machine that has the release/);
  assert.equal(await born(), NEW);
});

test("an exit code of zero without the machine's word is no success", async () => {
  await arrange(two, { results: { "i-0a": { try: [{ status: "Success", output: "" }] } } });
  const ran = await release();
  assert.equal(ran.code, 1, evidence(ran));
  assert.equal(await born(), OLD);
});

test("a machine that Systems Manager doesn't know is named, and nothing is decided", async () => {
  await arrange([{ id: "i-0a" }, { id: "i-0b", managed: false }]);
  const ran = await run({}, 150).ended;
  assert.equal(ran.code, 1, evidence(ran));
  assert.match(ran.stderr, /Systems Manager doesn't reach i-0b of web-1234567[\s\S]*amazon-ssm-agent runs there/);
  assert.equal((await sent()).at(-1), "back");
  assert.equal(await born(), OLD);
});

test("a machine that was born with the old release in between gets the new one", async () => {
  await arrange([...two, { id: "i-0c", state: "Pending:Wait", managed: false }]);
  const { said, ended } = run();
  await until("the first two have it", () => /i-0b: has it for good/.test(said()), 60_000);
  await aws.tell("", { machines: [...two, { id: "i-0c" }], results: { "i-0c": { confirm: [{ output: "fleetwright=untried\n" }] } } });
  const ran = await ended;
  assert.equal(ran.code, 0, evidence(ran));
  assert.match(ran.stderr, /i-0c: serves the release, on trial[\s\S]*i-0c: has it for good[\s\S]*with 3 machines/);
});

test("cancelled by somebody, it fails, and all go back", async () => {
  await arrange([{ id: "i-0a" }, { id: "i-0b" }], { results: { "i-0a": { try: [{ looks: 10_000 }] } } });
  const { said, ended } = run();
  await until("the command runs", async () => (await told()).commands.some(({ action }) => action === "try"), 60_000);
  await until("it is sent", () => said().includes("is sent to the machines"), 60_000);
  await cancelTry();
  const ran = await ended;
  assert.equal(ran.code, 1, evidence(ran));
  assert.match(ran.stderr, /the release bbbbbbbbbbbb was cancelled/);
  assert.equal((await sent()).at(-1), "back");
  assert.equal(await born(), OLD);
});

async function cancelTry(): Promise<void> {
  const { SSMClient, CancelCommandCommand } = await import("@aws-sdk/client-ssm");
  const client = new SSMClient({
    region: "eu-central-1",
    endpoint: aws.url,
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  });
  const id = (await told()).commands.find(({ action }) => action === "try")?.id;
  await client.send(new CancelCommandCommand({ CommandId: id }));
}

test("killed and started again, it takes up the command that runs", async () => {
  await arrange(two, { results: { "i-0a": { try: [{ looks: 10 }] } } });
  const first = run();
  await until("the command is sent", () => first.said().includes("is sent to the machines"), 60_000);
  first.child.kill("SIGKILL");
  await first.ended;
  const ran = await release();
  assert.equal(ran.code, 0, evidence(ran));
  assert.match(ran.stderr, /the release bbbbbbbbbbbb is being tried already/);
  assert.equal((await sent()).filter((action) => action === "try").length, 1);
  assert.equal(await born(), NEW);
});

test("a trial that takes long is kept alive", async () => {
  await arrange(two, { results: { "i-0a": { try: [{ looks: 30 }] } } });
  const ran = await run({}, 100).ended;
  assert.equal(ran.code, 0, evidence(ran));
  assert.ok((await sent()).includes("renew"), String(await sent()));
});

test("told to end, it cancels the command, tells the machines to go back, and doesn't wait for them", async () => {
  await arrange(two, { results: { "i-0a": { try: [{ looks: 10_000 }] } } });
  const { child, said, ended } = run();
  await until("the command is sent", () => said().includes("is sent to the machines"), 60_000);
  child.kill("SIGTERM");
  const ran = await ended;
  assert.equal(ran.code, 130, evidence(ran));
  assert.match(ran.stderr, /the release was interrupted[\s\S]*told to go back/);
  const [back, tried] = (await told()).commands;
  assert.deepEqual([back?.action, tried?.action], ["back", "try"]);
  assert.match(tried?.status ?? "", /^Cancell/);
  assert.equal(await born(), OLD);
});

test("throttled and interrupted calls are made again", async () => {
  const busy = [{ code: "ThrottlingException" }, { code: "ThrottlingException" }, { code: "InternalServerError", status: 500 }];
  const actions = ["SendCommand", "ListCommands", "ListCommandInvocations", "DescribeAutoScalingGroups"];
  const errors = Object.fromEntries(actions.map((name) => [name, [...busy]]));
  await arrange(two, { errors });
  const ran = await release();
  assert.equal(ran.code, 0, evidence(ran));
});

test("credentials that expire while it waits: said so; the next run in time takes it up", async () => {
  await arrange(two, { results: { "i-0a": { try: [{ looks: 10 }] } } });
  const { said, ended } = run();
  await until("the command is sent", () => said().includes("is sent to the machines"), 60_000);
  const expired = Array.from({ length: 50 }, () => ({ code: "ExpiredTokenException", message: "The security token is expired" }));
  await aws.tell("", { errors: { ListCommands: expired, ListCommandInvocations: expired, SendCommand: expired } });
  const ran = await ended;
  assert.equal(ran.code, 1, evidence(ran));
  assert.match(ran.stderr, /doesn't take the credentials[\s\S]*goes back by itself in 10 minutes[\s\S]*log in again/);
  await aws.tell("", { errors: {} });
  const again = await release();
  assert.equal(again.code, 0, evidence(again));
  assert.equal((await sent()).filter((action) => action === "try").length, 1);
});

test("what the role may not do is told, and not tried for minutes", async () => {
  await arrange(two, {
    errors: { SendCommand: [{ code: "AccessDeniedException", message: "not authorized to perform ssm:SendCommand" }] },
  });
  const ran = await release();
  assert.equal(ran.code, 1, evidence(ran));
  assert.match(ran.stderr, /AWS refuses.*AccessDeniedException.*ssm:SendCommand/);
});

test("a group without a machine is on the release with its record", async () => {
  await arrange([]);
  const ran = await release();
  assert.equal(ran.code, 0, evidence(ran));
  assert.equal(JSON.parse(ran.stdout).machines, 0);
  assert.equal(await born(), NEW);
});

test("a group that is gone is named", async () => {
  await arrange(two, { group: null });
  const ran = await release();
  assert.equal(ran.code, 1, evidence(ran));
  assert.match(ran.stderr, /there is no group web-1234567 in eu-central-1/);
});
