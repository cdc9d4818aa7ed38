/** `fleet in-place` of machines that have names, the real process, against APIs that keep to botocore's service model. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { until } from "../../support/poll.ts";
import { evidence, InPlaceRuns, LINES, NEW, OLD } from "./in-place-run.ts";

const MACHINES = [
  { name: "web-1", id: "i-0a" },
  { name: "web-2", id: "i-0b" },
  { name: "web-3", id: "i-0c" },
];
const TAGS = { "fleetwright:fleet": "web", "fleetwright:stack": "shop/prod" };
let runs: InPlaceRuns;

before(async () => {
  runs = await InPlaceRuns.start({ group: "web", instances: { stack: "shop/prod", machines: MACHINES } });
});
after(() => runs?.close());

const three = MACHINES.map(({ id }) => ({ id }));
const arrange = (machines: object[], more: object = {}) => runs.arrange(machines, { tags: TAGS, ...more });

test("a release comes to all machines, called by their names, and found by the tags of fleet and stack", async () => {
  await arrange(three);
  const ran = await runs.release();
  assert.equal(ran.code, 0, evidence(ran));
  assert.deepEqual(JSON.parse(ran.stdout), { schema: 1, group: "web", manifest: NEW, machines: 3 });
  assert.match(
    ran.stderr,
    /web-1: serves the release, on trial\n[\s\S]*web-3: has it for good\n[\s\S]*the fleet is on bbbbbbbbbbbb, with 3 machines/,
  );
  assert.equal(await runs.born(), NEW);
  assert.deepEqual(await runs.sent(), ["try", "confirm"]);
  const [{ given } = { given: {} as Record<string, unknown> }] = (await runs.told()).asked.filter(({ action }) => action === "SendCommand");
  assert.deepEqual(
    given.Targets,
    Object.entries(TAGS).map(([key, value]) => ({ Key: `tag:${key}`, Values: [value] })),
  );
});

const pem = (name: string) => `-----BEGIN CERTIFICATE-----\n${Buffer.from(name).toString("base64")}\n-----END CERTIFICATE-----\n`;

test("what machines tell of their own authorities comes with the result, in their order and each once", async () => {
  const tells = (name: string) => ({ confirm: [{ output: `${pem(name)}fleetwright=confirmed\n` }] });
  await arrange(three, { results: { "i-0a": tells("one"), "i-0b": tells("two"), "i-0c": tells("two") } });
  const ran = await runs.release();
  assert.equal(ran.code, 0, evidence(ran));
  assert.equal(JSON.parse(ran.stdout).authorities, `${pem("one")}${pem("two")}`);
});

test("one on which it doesn't come up: its last words by its name, all go back, none is replaced, and the fleet stays on what it was", async () => {
  await arrange(three, { results: { "i-0b": { try: [{ status: "Failed", error: LINES, output: "" }] } } });
  const ran = await runs.release();
  assert.equal(ran.code, 1, evidence(ran));
  assert.match(
    ran.stderr,
    /the release bbbbbbbbbbbb failed on web-2, web-3 \(Terminated\)\.\n {2}\| web-2: fleetwright: this machine keeps what/,
  );
  assert.match(ran.stderr, /web-1: serves what it served before[\s\S]*Left as it is: the fleet's release \(aaaaaaaaaaaa\)/);
  assert.deepEqual(await runs.sent(), ["try", "back"]);
  assert.equal(await runs.born(), OLD);
  assert.deepEqual((await runs.told()).replaced, []);
  // Run again, it tries again.
  assert.equal((await runs.release()).code, 0);
  assert.equal(await runs.born(), NEW);
});

test("machines that were just made are waited for, each by its name, until their first boot is done", async () => {
  const booting = { try: [{ output: "fleetwright=newborn\n" }] };
  await arrange([{ id: "i-0a" }, { id: "i-0b", ec2: "pending", managed: false }, { id: "i-0c", managed: false }], {
    results: { "i-0c": booting },
  });
  const { said, ended } = runs.run();
  await until("it waits", () => /web-2: starts\n[\s\S]*web-3: runs; Systems Manager doesn't reach it yet/.test(said()), 60_000);
  assert.match(said(), /web-1: Systems Manager reaches it/);
  assert.deepEqual(await runs.sent(), [], "nothing is sent before all are there");
  await runs.aws.tell("", { machines: [...three] });
  const ran = await ended;
  assert.equal(ran.code, 0, evidence(ran));
  assert.match(
    ran.stderr,
    /web-3: starts for the first time[\s\S]*waiting for the first boot of web-3[\s\S]*web-3: serves the release, on trial/,
  );
  assert.equal(JSON.parse(ran.stdout).machines, 3);
});

test("one that Systems Manager never reaches: named after a bounded time, with where to look; nothing was sent", async () => {
  await arrange([{ id: "i-0a" }, { id: "i-0b", managed: false }, { id: "i-0c", ping: "ConnectionLost" }]);
  const ran = await runs.release({}, 400);
  assert.equal(ran.code, 1, evidence(ran));
  assert.match(
    ran.stderr,
    /web-2 \(i-0b\), web-3 \(i-0c\): their first boots[\s\S]*get-console-output --latest .*--region eu-central-1 --instance-id i-0b/,
  );
  assert.deepEqual(await runs.sent(), []);
  assert.equal(await runs.born(), OLD);
});

test("one whose first boot never ends is named; the others go back", async () => {
  const newborn = Array.from({ length: 200 }, () => ({ output: "fleetwright=newborn\n" }));
  await arrange(three, { results: { "i-0c": { try: newborn } } });
  const ran = await runs.release({}, 400);
  assert.equal(ran.code, 1, evidence(ran));
  assert.match(ran.stderr, /web-3 \(i-0c\): its first boot comes to no end/);
  assert.equal((await runs.sent()).at(-1), "back");
  assert.equal(await runs.born(), OLD);
});

test("one that is stopped, or gone, is told at once, with the mend; nothing was sent", async () => {
  await arrange([{ id: "i-0a" }, { id: "i-0b", ec2: "stopped", managed: false }, { id: "i-0c" }]);
  const stopped = await runs.release();
  assert.equal(stopped.code, 1, evidence(stopped));
  assert.match(stopped.stderr, /web-2 \(i-0b\) is stopped: [\s\S]*aws ec2 start-instances --region eu-central-1 --instance-ids i-0b/);
  await arrange(three.slice(1));
  const gone = await runs.release();
  assert.equal(gone.code, 1, evidence(gone));
  assert.match(gone.stderr, /web-1 \(i-0a\) is gone: [\s\S]*pulumi refresh/);
  assert.deepEqual(await runs.sent(), []);
});

test("a machine that is no part of the fleet any more, or another's predecessor, decides nothing", async () => {
  await arrange([...three, { id: "i-0f" }], {
    results: { "i-0f": { try: [{ output: "fleetwright=outside\n" }], confirm: [{ output: "fleetwright=untried\n" }] } },
  });
  const ran = await runs.release();
  assert.equal(ran.code, 0, evidence(ran));
  assert.doesNotMatch(ran.stderr, /i-0f/);
  assert.equal(JSON.parse(ran.stdout).machines, 3);
});

test("a broken machine that was taken out of the fleet holds up no release, which has to come before Pulumi removes it", async () => {
  const broken = { "i-0f": { try: [{ status: "Failed", error: "no space left", output: "" }] } };
  await arrange([{ id: "i-0f" }, ...three], { results: broken });
  const ran = await runs.release();
  assert.equal(ran.code, 0, evidence(ran));
  assert.equal(JSON.parse(ran.stdout).machines, 3);
  assert.equal(await runs.born(), NEW);
});

test("throttled and interrupted calls are made again", async () => {
  const busy = [{ code: "ThrottlingException" }, { code: "InternalServerError", status: 500 }];
  const limited = [
    { code: "RequestLimitExceeded", status: 503 },
    { code: "RequestLimitExceeded", status: 503 },
  ];
  const actions = ["SendCommand", "ListCommands", "ListCommandInvocations", "DescribeInstanceInformation"];
  await arrange(three, { errors: { ...Object.fromEntries(actions.map((name) => [name, [...busy]])), DescribeInstances: limited } });
  const ran = await runs.release();
  assert.equal(ran.code, 0, evidence(ran));
});

test("what the role may not do is told, and not tried for minutes", async () => {
  await arrange(three, {
    errors: {
      DescribeInstances: [{ code: "UnauthorizedOperation", message: "not authorized to perform ec2:DescribeInstances", status: 403 }],
    },
  });
  const ran = await runs.release();
  assert.equal(ran.code, 1, evidence(ran));
  assert.match(ran.stderr, /AWS refuses.*about the fleet web in eu-central-1.*ec2:DescribeInstances/);
});

test("killed and started again, it takes up the command that runs", async () => {
  await arrange(three, { results: { "i-0a": { try: [{ looks: 10 }] } } });
  const first = runs.run();
  await until("the command is sent", () => first.said().includes("is sent to the machines"), 60_000);
  first.child.kill("SIGKILL");
  await first.ended;
  const ran = await runs.release();
  assert.equal(ran.code, 0, evidence(ran));
  assert.match(ran.stderr, /the release bbbbbbbbbbbb is being tried already/);
  assert.equal((await runs.sent()).filter((action) => action === "try").length, 1);
  assert.equal(await runs.born(), NEW);
});
