/** The user data of a group's machines, and what they tell CloudWatch, on a real one: about a minute, and more where nothing is in the cache. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type * as pulumi from "@pulumi/pulumi";
import { bootScript } from "../../../infra/aws/boot-script.ts";
import { checkApp } from "../../../infra/build/app.ts";
import { parseFleet } from "../../../infra/config/parse.ts";
import { groupTarget, groupText } from "../../../infra/group-fleet.ts";
import type { Cloudwatch } from "../../../runtime/cloudwatch.ts";
import { groupSecrets } from "../../../infra/group-secrets.ts";
import { artifactBuilder } from "../../../infra/rollout/artifacts.ts";
import { askAsBalancer } from "../../support/as-balancer.ts";
import { Hosts } from "../../support/hosts.ts";
import { writeNodeApp } from "../../support/node-app.ts";
import { until } from "../../support/poll.ts";
import { FakeAws } from "./fakes/aws-process.ts";
import { groupMachines } from "./samples.ts";

const SECRET = "correct horse battery staple";
const API_KEY = "staple battery horse correct";
const TOKEN = { name: "/prod/token", value: "a first token's value" };
const DIMENSIONS = { Fleet: "web", Stack: "shop/prod" };
const LOG_GROUP = "/fleetwright/shop/prod/web";
const MACHINE = "m-1";
const hosts = new Hosts("boot");
const folder = mkdtempSync(join(tmpdir(), "fleetwright-boot-"));
let aws: FakeAws;
let address: string;
let stored: StoredAt;
let kept: StoredAt;

interface StoredAt {
  arn: string;
  versionId: string;
}

before(async () => {
  ({ address } = await hosts.make(MACHINE));
  aws = await FakeAws.start("boot.py", address.replace(/\.\d+$/, ".1"));
  await aws.tell("/bucket", { name: "artifacts" });
  stored = (await aws.tell("/secret", { DB_PASSWORD: SECRET })) as StoredAt;
  kept = (await aws.tell("/secret", { user: "shop", key: API_KEY, port: 5432 })) as StoredAt;
  await aws.tell("/parameter", TOKEN);
  await aws.tell("/log-group", { name: LOG_GROUP });
});

after(async () => {
  await aws?.close();
  hosts.close();
  rmSync(folder, { recursive: true, force: true });
});

const SHOWN = ["DB_PASSWORD", "API_KEY", "DB_PORT", "TOKEN"];

const known = <T>(output: pulumi.Output<T>) => new Promise<T>((resolve) => void output.apply((value) => resolve(value as T)));

/** What its machines are asked to tell. */
const telling = () => ({
  region: "eu-central-1",
  metadataUrl: aws.url,
  metrics: { url: aws.url, dimensions: DIMENSIONS, certificates: true },
  logs: { url: aws.url, group: LOG_GROUP },
});

/** A release that is whole in the bucket; its app tells its secrets. @param token where one of them is kept */
async function publish(
  answer: string,
  token = TOKEN.name,
  cloudwatch: Cloudwatch | null = telling(),
): Promise<{ manifest: string; archive: string }> {
  const dir = join(folder, answer);
  writeNodeApp(
    dir,
    `export default (request, response) => {
      if (request.url.startsWith("/say/")) console.log(decodeURIComponent(request.url.slice(5)));
      response.end(JSON.stringify({ answer: ${JSON.stringify(answer)}, secrets: ${JSON.stringify(SHOWN)}.map((name) => process.env[name]),
        host: request.headers.host }));
    };`,
  );
  const secrets = {
    DB_PASSWORD: SECRET,
    API_KEY: { secretsManager: kept.arn, key: "key" },
    DB_PORT: { secretsManager: kept.arn, key: "port" },
    TOKEN: { ssmParameter: token },
  };
  const group = { ...groupMachines(), types: [process.arch === "arm64" ? "m7g.large" : "m7i.large"] };
  const args = { app: { dir, name: "shop", secrets }, machines: group, https: { domains: ["app.example.org"] } };
  const config = parseFleet("web", args);
  const app = checkApp("shop", config.app);
  if (config.machines.provider !== "autoscaling") throw new Error("not a group");
  const target = groupTarget(config.machines);
  const built = await artifactBuilder(app, () => undefined, "whole")([target]);
  const manifestSecrets = await known(groupSecrets(config, stored));
  const manifest = groupText({
    fleet: "web",
    config,
    app,
    target,
    built,
    environment: {},
    secrets: manifestSecrets,
    cloudwatch: cloudwatch ?? undefined,
  });
  const release = built.release(target).archive;
  for (const { path, sha256 } of [built.runtime(target.arch).archive, release]) await put(`archives/${sha256}`, path);
  return { manifest: await putText(manifest), archive: release.sha256 };
}

const put = (key: string, path: string) => aws.tell("/put", { bucket: "artifacts", key, path });

async function putText(manifest: string, sha256 = createHash("sha256").update(manifest).digest("hex")): Promise<string> {
  const path = join(folder, "manifest");
  writeFileSync(path, manifest);
  await put(`manifests/${sha256}`, path);
  return sha256;
}

let boots = 0;

/** Runs the script as cloud-init does: once, its output on the console. */
async function boot(manifest: string): Promise<{ failed: boolean; said: string }> {
  const endpoints = {
    metadata: aws.url,
    archives: `${aws.url}/artifacts`,
    secrets: aws.url,
    parameters: aws.url,
    ssmAgent: `${aws.url}/artifacts/ssm`,
  };
  const script = bootScript({ bucket: "artifacts", region: "eu-central-1", manifest, endpoints });
  boots += 1;
  const unit = `user-data-${boots}`;
  const where = `/root/${unit}`;
  const encoded = Buffer.from(script).toString("base64");
  const output = ["StandardOutput", "StandardError"].map((stream) => `-p ${stream}=journal+console`).join(" ");
  await hosts.sh(MACHINE, `echo ${encoded} | base64 -d > ${where}; chmod 700 ${where}`);
  const result = await hosts.sh(MACHINE, `systemd-run --quiet --wait --unit=${unit} ${output} ${where} && echo ok || echo failed`);
  const said = await hosts.sh(MACHINE, `journalctl --sync; journalctl -u ${unit} -o cat --no-pager`);
  return { failed: result !== "ok", said };
}

const ask = (host: string) => askAsBalancer(address, host);

const console = () => hosts.console(MACHINE);

test("a manifest that isn't what its name says is refused, with a clear word on the console and a failed unit", async () => {
  const { failed, said } = await boot(await putText("{}", "e".repeat(64)));
  assert.ok(failed, said);
  assert.match(said, /this machine does not serve: manifests\/e{64} is not what its name says: its sha256 is [0-9a-f]{64}/);
  await until("the console has it", () => console().includes("this machine does not serve: manifests/"), 60_000);
});

test("a manifest that isn't there is refused at once, with what S3 says", async () => {
  const { failed, said } = await boot("f".repeat(64));
  assert.ok(failed, said);
  assert.match(said, /manifests\/f{64} can't be fetched \(HTTP 404 NoSuchKey\)[\s\S]*what to do: see that it is in the bucket/);
  assert.doesNotMatch(said, /trying again/);
});

let first: Awaited<ReturnType<typeof publish>>;

test("a busy S3, a slow metadata service and a role that comes late are waited for; then the machine serves HTTPS", async () => {
  first = await publish("one");
  await aws.tell("", { s3Busy: 2, metadataSilent: 2, metadataDelayS: 0.5, noRole: 1, ssmBusy: 1 });
  const { failed, said } = await boot(first.manifest);
  assert.ok(!failed, `${said}\n${aws.log}`);
  await aws.tell("", { metadataDelayS: 0 });
  assert.match(said, /HTTP 503 SlowDown\n.*trying again in 1 s\n[\s\S]*trying again in 2 s/);
  assert.match(said, /ssm: HTTP 400 ThrottlingException\n.*trying again in 1 s/);
  assert.match(said, /this machine serves release [0-9a-f]{12}/);
  const { status, body } = await ask("app.example.org");
  assert.deepEqual(
    [status, JSON.parse(body)],
    [200, { answer: "one", secrets: [SECRET, API_KEY, "5432", TOKEN.value], host: "app.example.org" }],
  );
  // A balancer asks for health by the address.
  assert.equal((await ask(address)).status, 200);
});

test("the machine is named by its instance, confirmed, and would serve after a reboot", async () => {
  const status = JSON.parse(await hosts.sh(MACHINE, "/opt/fleetwright/current/bin/fleethost status --json"));
  const [app] = status.apps;
  assert.deepEqual([app.machine, app.fleet, app.unconfirmed], ["i-0123456789abcdef0", "web", null]);
  const units = `shop@${app.generation}.service fleetwright-caddy.service`;
  assert.equal(await hosts.sh(MACHINE, `systemctl is-enabled ${units}`), "enabled\nenabled");
});

test("CloudWatch is told how full the disks are and how long certificates last, by a timer that starts with the machine", async () => {
  const unit = "fleetwright-metrics";
  const evidence = () => hosts.sh(MACHINE, `journalctl -u ${unit}.service --no-pager; systemctl status ${unit}.timer --no-pager || :`);
  const told = async () =>
    (await aws.tell("/metrics", { dimensions: DIMENSIONS })) as { namespace: string; name: string; values: number[] }[];
  await until("it was told", async () => (await told()).length === 2, 60_000).catch(async (error: Error) => {
    throw new Error(`${error.message}\n${await evidence()}\n${aws.log}`);
  });
  const [certificate, disk] = (await told()).sort((a, b) => (a.name < b.name ? -1 : 1));
  assert.deepEqual([disk?.namespace, disk?.name], ["Fleetwright", "DiskUsedPercent"]);
  const shares = await hosts.sh(MACHINE, "df --output=pcent,ipcent / /var /srv");
  const most = Math.max(...[...shares.matchAll(/(\d+)%/g)].map(([, share]) => Number(share)));
  for (const value of disk?.values ?? []) assert.ok(Math.abs(value - most) <= 3, `${value} is told, and it is ${most}`);
  assert.equal(certificate?.name, "CertificateDaysLeft");
  // Of the machine's own authority: half a day.
  for (const value of certificate?.values ?? []) assert.ok(value > 0 && value < 1, `${value} days`);
  const state = `systemctl is-enabled ${unit}.timer; systemctl show -P DynamicUser ${unit}.service`;
  assert.equal(await hosts.sh(MACHINE, state), "enabled\nyes");
  const exposure = await hosts.sh(MACHINE, `systemd-analyze security --no-pager ${unit}.service | tail -n 1`);
  assert.ok(Number(/: ([\d.]+) /.exec(exposure)?.[1]) <= 1.5, exposure);
});

test("nothing secret is left in what the script wrote, said or ran", async () => {
  const left = await hosts.sh(
    MACHINE,
    "ls /run/fleetwright-boot 2>&1 || :; ls /var/lib/fleetwright/incoming; journalctl -b -o cat --no-pager",
  );
  assert.match(left, /cannot access '\/run\/fleetwright-boot'/);
  assert.doesNotMatch(left, /\.tar\.gz$/m);
  for (const secret of [SECRET, API_KEY, TOKEN.value]) assert.ok(!left.includes(secret));
});

const LOGS_UNIT = "fleetwright-logs.service";
const STREAM = "i-0123456789abcdef0";

const shipped = async () => (await aws.tell("/logs", { name: LOG_GROUP })) as Record<string, string[]>;

/** What the app said, of those lines that begin so, without what the supervisor puts before it. */
const saidBy = async (begin: string) =>
  ((await shipped())[`${STREAM}/app`] ?? []).flatMap((line) => (line.includes(begin) ? [line.slice(line.indexOf(begin))] : []));

const say = (line: string) => askAsBalancer(address, "app.example.org", `/say/${encodeURIComponent(line)}`);

/** The same from the journal, for a failure. */
async function untilShipped(what: string, holds: () => Promise<boolean>): Promise<void> {
  await until(what, holds, 120_000).catch(async (error: Error) => {
    const evidence = `journalctl -u ${LOGS_UNIT} --no-pager; systemctl status ${LOGS_UNIT} --no-pager || :`;
    throw new Error(`${error.message}\n${JSON.stringify(await shipped())}\n${await hosts.sh(MACHINE, evidence)}\n${aws.log}`);
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
  const exposure = await hosts.sh(MACHINE, `systemd-analyze security --no-pager ${LOGS_UNIT} | tail -n 1`);
  assert.ok(Number(/: ([\d.]+) /.exec(exposure)?.[1]) <= 2, exposure);
});

test("while CloudWatch is down lines wait, also over a kill of the shipper; then all come once, in their order", async () => {
  await aws.tell("", { logsDown: true });
  for (let index = 1; index <= 10; index += 1) await say(`two: ${index}`);
  await untilShipped("the outage was noticed", async () =>
    (await hosts.sh(MACHINE, `journalctl -u ${LOGS_UNIT} -o cat`)).includes("doesn't take"),
  );
  await hosts.sh(MACHINE, `systemctl kill -s KILL ${LOGS_UNIT}`);
  for (let index = 11; index <= 20; index += 1) await say(`two: ${index}`);
  await aws.tell("", { logsDown: false });
  await untilShipped("the last one is there", async () => (await saidBy("two: ")).includes("two: 20"));
  assert.deepEqual(
    await saidBy("two: "),
    Array.from({ length: 20 }, (_, index) => `two: ${index + 1}`),
  );
});

test("restarted, the shipper brings what came in between, and nothing again", async () => {
  await hosts.sh(MACHINE, `systemctl stop ${LOGS_UNIT}`);
  await say("three: in between");
  await hosts.sh(MACHINE, `systemctl start ${LOGS_UNIT}`);
  await say("three: after");
  await untilShipped("both are there", async () => (await saidBy("three:")).length >= 2);
  assert.deepEqual(await saidBy("three:"), ["three: in between", "three: after"]);
  assert.deepEqual(await saidBy("one:"), ["one: the password is [secret]"]);
});

test("a secret that isn't where it is said to be kept is named, and what serves goes on", async () => {
  const { manifest } = await publish("lost", "/prod/nowhere");
  const { failed, said } = await boot(manifest);
  assert.ok(failed, said);
  assert.match(said, /the app's secrets can't be read: TOKEN \(ssm, HTTP 400 ParameterNotFound\)[\s\S]*\/prod\/nowhere/);
  assert.match((await ask("app.example.org")).body, /"one"/);
});

test("a release whose archive isn't there leaves the one that serves", async () => {
  const { manifest, archive } = await publish("two");
  await aws.tell("/remove", { bucket: "artifacts", key: `archives/${archive}` });
  const { failed, said } = await boot(manifest);
  assert.ok(failed, said);
  assert.match(said, new RegExp(`archives/${archive} can't be fetched \\(HTTP 404 NoSuchKey\\)`));
  assert.match((await ask("app.example.org")).body, /"one"/);
});

test("a secret that was changed where it is kept comes with the script's next run, as on a new machine; each place is asked once", async () => {
  await aws.tell("/parameter", { ...TOKEN, value: "a second token's value" });
  const before = ((await aws.tell("")) as string[]).length;
  const { failed, said } = await boot(first.manifest);
  assert.ok(!failed, said);
  assert.match((await ask("app.example.org")).body, /"a second token's value"/);
  const asked = ((await aws.tell("")) as string[]).slice(before).flatMap((line) => /(secretsmanager|AmazonSSM)\.\w+/.exec(line)?.[0] ?? []);
  assert.deepEqual(asked, ["secretsmanager.GetSecretValue", "secretsmanager.GetSecretValue", "AmazonSSM.GetParameter"]);
});

test("the script can be run again: nothing restarts", async () => {
  const pids = () => hosts.sh(MACHINE, "systemctl show -P MainPID 'shop@*.service' fleetwright-caddy.service");
  const was = await pids();
  const { failed, said } = await boot(first.manifest);
  assert.ok(!failed, said);
  assert.equal(await pids(), was);
});

test("a release that asks for nothing to be told takes the units away, and what they kept", async () => {
  const { manifest } = await publish("quiet", TOKEN.name, null);
  const { failed, said } = await boot(manifest);
  assert.ok(!failed, said);
  const left =
    "ls -d /etc/systemd/system/fleetwright-{logs,metrics}.* /etc/fleetwright/{logs,metrics}.json /var/lib/private/fleetwright-logs";
  assert.equal(await hosts.sh(MACHINE, `bash -c '${left} 2>/dev/null || :'`), "");
  assert.equal(await hosts.sh(MACHINE, `systemctl is-active ${LOGS_UNIT} fleetwright-metrics.timer || :`), "inactive\ninactive");
  assert.equal((await ask("app.example.org")).status, 200);
});
