/**
 * The user data of a group's machines, and what they tell CloudWatch, on a real one: about a minute, and more where nothing is in the
 * cache.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { until } from "../../support/poll.ts";
import { API_KEY, BootWorld, DIMENSIONS, LOG_GROUP, type Published, SECRET, TOKEN } from "./boot-world.ts";

const world = new BootWorld();
before(() => world.start());
after(() => world.close());

test("a manifest that isn't what its name says is refused, with a clear word on the console and a failed unit", async () => {
  const { failed, said } = await world.boot(await world.putManifest("{}", "e".repeat(64)));
  assert.ok(failed, said);
  assert.match(said, /this machine does not serve: manifests\/e{64} is not what its name says: its sha256 is [0-9a-f]{64}/);
  await until("the console has it", () => world.console().includes("this machine does not serve: manifests/"), 60_000);
});

test("a manifest that isn't there is refused at once, with what S3 says", async () => {
  const { failed, said } = await world.boot("f".repeat(64));
  assert.ok(failed, said);
  assert.match(said, /manifests\/f{64} can't be fetched \(HTTP 404 NoSuchKey\)[\s\S]*what to do: see that it is in the bucket/);
  assert.doesNotMatch(said, /trying again/);
});

let first: Published;

test("a busy S3, a slow metadata service and a role that comes late are waited for; then the machine serves HTTPS", async () => {
  first = await world.publish("one");
  await world.aws.tell("", { s3Busy: 2, metadataSilent: 2, metadataDelayS: 0.5, noRole: 1, ssmBusy: 1 });
  const { failed, said } = await world.boot(first.manifest);
  assert.ok(!failed, `${said}\n${world.aws.log}`);
  await world.aws.tell("", { metadataDelayS: 0 });
  assert.match(said, /HTTP 503 SlowDown\n.*trying again in 1 s\n[\s\S]*trying again in 2 s/);
  assert.match(said, /ssm: HTTP 400 ThrottlingException\n.*trying again in 1 s/);
  assert.match(said, /this machine serves release [0-9a-f]{12}/);
  const { status, body } = await world.ask("app.example.org");
  assert.deepEqual(
    [status, JSON.parse(body)],
    [200, { answer: "one", secrets: [SECRET, API_KEY, "5432", TOKEN.value], host: "app.example.org" }],
  );
  // A balancer asks for health by the address.
  assert.equal((await world.ask(world.address)).status, 200);
});

test("the machine is named by its instance, confirmed, and would serve after a reboot", async () => {
  const status = JSON.parse(await world.sh("/opt/fleetwright/current/bin/fleethost status --json"));
  const [app] = status.apps;
  assert.deepEqual([app.machine, app.fleet, app.unconfirmed], ["i-0123456789abcdef0", "web", null]);
  const units = `shop@${app.generation}.service fleetwright-caddy.service`;
  assert.equal(await world.sh(`systemctl is-enabled ${units}`), "enabled\nenabled");
});

test("CloudWatch is told how full the disks are and how long certificates last, by a timer that starts with the machine", async () => {
  const unit = "fleetwright-metrics";
  const evidence = () => world.sh(`journalctl -u ${unit}.service --no-pager; systemctl status ${unit}.timer --no-pager || :`);
  const told = async () =>
    (await world.aws.tell("/metrics", { dimensions: DIMENSIONS })) as { namespace: string; name: string; values: number[] }[];
  await until("it was told", async () => (await told()).length === 2, 60_000).catch(async (error: Error) => {
    throw new Error(`${error.message}\n${await evidence()}\n${world.aws.log}`);
  });
  const [certificate, disk] = (await told()).sort((a, b) => (a.name < b.name ? -1 : 1));
  assert.deepEqual([disk?.namespace, disk?.name], ["Fleetwright", "DiskUsedPercent"]);
  const shares = await world.sh("df --output=pcent,ipcent / /var /srv");
  const most = Math.max(...[...shares.matchAll(/(\d+)%/g)].map(([, share]) => Number(share)));
  for (const value of disk?.values ?? []) assert.ok(Math.abs(value - most) <= 3, `${value} is told, and it is ${most}`);
  assert.equal(certificate?.name, "CertificateDaysLeft");
  // Of the machine's own authority: half a day.
  for (const value of certificate?.values ?? []) assert.ok(value > 0 && value < 1, `${value} days`);
  const state = `systemctl is-enabled ${unit}.timer; systemctl show -P DynamicUser ${unit}.service`;
  assert.equal(await world.sh(state), "enabled\nyes");
  const exposure = await world.sh(`systemd-analyze security --no-pager ${unit}.service | tail -n 1`);
  assert.ok(Number(/: ([\d.]+) /.exec(exposure)?.[1]) <= 1.5, exposure);
});

test("nothing secret is left in what the script wrote, said or ran", async () => {
  const left = await world.sh("ls /run/fleetwright-boot 2>&1 || :; ls /var/lib/fleetwright/incoming; journalctl -b -o cat --no-pager");
  assert.match(left, /cannot access '\/run\/fleetwright-boot'/);
  assert.doesNotMatch(left, /\.tar\.gz$/m);
  for (const secret of [SECRET, API_KEY, TOKEN.value]) assert.ok(!left.includes(secret));
});

const LOGS_UNIT = "fleetwright-logs.service";
const STREAM = "i-0123456789abcdef0";

const shipped = async () => (await world.aws.tell("/logs", { name: LOG_GROUP })) as Record<string, string[]>;

/** What the app said, of those lines that begin so, without what the supervisor puts before it. */
const saidBy = async (begin: string) =>
  ((await shipped())[`${STREAM}/app`] ?? []).flatMap((line) => (line.includes(begin) ? [line.slice(line.indexOf(begin))] : []));

const say = (line: string) => world.ask("app.example.org", `/say/${encodeURIComponent(line)}`);

/** The same from the journal, for a failure. */
async function untilShipped(what: string, holds: () => Promise<boolean>): Promise<void> {
  await until(what, holds, 120_000).catch(async (error: Error) => {
    const evidence = `journalctl -u ${LOGS_UNIT} --no-pager; systemctl status ${LOGS_UNIT} --no-pager || :`;
    throw new Error(`${error.message}\n${JSON.stringify(await shipped())}\n${await world.sh(evidence)}\n${world.aws.log}`);
  });
}

test("a line of the app comes to its stream, without the secret in it; Caddy's and the agent's lines have streams of their own", async () => {
  await say(`one: the password is ${SECRET}`);
  await untilShipped("the line is there", async () => (await saidBy("one:")).length > 0);
  assert.deepEqual(await saidBy("one:"), ["one: the password is [secret]"]);
  await untilShipped("all streams are there", async () => Object.keys(await shipped()).length === 3);
  assert.deepEqual(
    Object.keys(await shipped()).sort(),
    ["app", "caddy", "fleetwright"].map((source) => `${STREAM}/${source}`),
  );
  const exposure = await world.sh(`systemd-analyze security --no-pager ${LOGS_UNIT} | tail -n 1`);
  assert.ok(Number(/: ([\d.]+) /.exec(exposure)?.[1]) <= 2, exposure);
});

test("while CloudWatch is down lines wait, also over a kill of the shipper; then all come once, in their order", async () => {
  await world.aws.tell("", { logsDown: true });
  for (let index = 1; index <= 10; index += 1) await say(`two: ${index}`);
  await untilShipped("the outage was noticed", async () => (await world.sh(`journalctl -u ${LOGS_UNIT} -o cat`)).includes("doesn't take"));
  await world.sh(`systemctl kill -s KILL ${LOGS_UNIT}`);
  for (let index = 11; index <= 20; index += 1) await say(`two: ${index}`);
  await world.aws.tell("", { logsDown: false });
  await untilShipped("the last one is there", async () => (await saidBy("two: ")).includes("two: 20"));
  assert.deepEqual(
    await saidBy("two: "),
    Array.from({ length: 20 }, (_, index) => `two: ${index + 1}`),
  );
});

test("restarted, the shipper brings what came in between, and nothing again", async () => {
  await world.sh(`systemctl stop ${LOGS_UNIT}`);
  await say("three: in between");
  await world.sh(`systemctl start ${LOGS_UNIT}`);
  await say("three: after");
  await untilShipped("both are there", async () => (await saidBy("three:")).length >= 2);
  assert.deepEqual(await saidBy("three:"), ["three: in between", "three: after"]);
  assert.deepEqual(await saidBy("one:"), ["one: the password is [secret]"]);
});

test("a secret that isn't where it is said to be kept is named, and what serves goes on", async () => {
  const { manifest } = await world.publish("lost", { token: "/prod/nowhere" });
  const { failed, said } = await world.boot(manifest);
  assert.ok(failed, said);
  assert.match(said, /the app's secrets can't be read: TOKEN \(ssm, HTTP 400 ParameterNotFound\)[\s\S]*\/prod\/nowhere/);
  assert.match((await world.ask("app.example.org")).body, /"one"/);
});

test("a release whose archive isn't there leaves the one that serves", async () => {
  const { manifest, archive } = await world.publish("two");
  await world.removeArchive(archive);
  const { failed, said } = await world.boot(manifest);
  assert.ok(failed, said);
  assert.match(said, new RegExp(`archives/${archive} can't be fetched \\(HTTP 404 NoSuchKey\\)`));
  assert.match((await world.ask("app.example.org")).body, /"one"/);
});

test("a secret that was changed where it is kept comes with the script's next run, as on a new machine; each place is asked once", async () => {
  await world.aws.tell("/parameter", { ...TOKEN, value: "a second token's value" });
  const before = ((await world.aws.tell("")) as string[]).length;
  const { failed, said } = await world.boot(first.manifest);
  assert.ok(!failed, said);
  assert.match((await world.ask("app.example.org")).body, /"a second token's value"/);
  const since = ((await world.aws.tell("")) as string[]).slice(before);
  const asked = since.flatMap((line) => /(secretsmanager|AmazonSSM)\.\w+/.exec(line)?.[0] ?? []);
  assert.deepEqual(asked, ["secretsmanager.GetSecretValue", "secretsmanager.GetSecretValue", "AmazonSSM.GetParameter"]);
});

test("the script can be run again: nothing restarts", async () => {
  const pids = () => world.sh("systemctl show -P MainPID 'shop@*.service' fleetwright-caddy.service");
  const was = await pids();
  const { failed, said } = await world.boot(first.manifest);
  assert.ok(!failed, said);
  assert.equal(await pids(), was);
});

test("a release that asks for nothing to be told takes the units away, and what they kept", async () => {
  const { manifest } = await world.publish("quiet", { cloudwatch: null });
  const { failed, said } = await world.boot(manifest);
  assert.ok(!failed, said);
  const left =
    "ls -d /etc/systemd/system/fleetwright-{logs,metrics}.* /etc/fleetwright/{logs,metrics}.json /var/lib/private/fleetwright-logs";
  assert.equal(await world.sh(`bash -c '${left} 2>/dev/null || :'`), "");
  assert.equal(await world.sh(`systemctl is-active ${LOGS_UNIT} fleetwright-metrics.timer || :`), "inactive\ninactive");
  assert.equal((await world.ask("app.example.org")).status, 200);
});
