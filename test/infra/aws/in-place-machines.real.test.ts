/** Releases in place on two real machines: Run Command executes the fleet's document there, and they fetch from moto's S3. */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, test } from "node:test";
import { ListCommandsCommand, SendCommandCommand, SSMClient } from "@aws-sdk/client-ssm";
import { bootScript, RECORD_KEY } from "../../../infra/aws/boot-script.ts";
import { inPlaceDocument } from "../../../infra/aws/in-place-script.ts";
import { checkApp } from "../../../infra/build/app.ts";
import { parseFleet } from "../../../infra/config/parse.ts";
import { groupTarget, groupText } from "../../../infra/group-fleet.ts";
import { sendInput } from "../../../infra/in-place/api.ts";
import type { InPlacePlan } from "../../../infra/in-place/plan.ts";
import { artifactBuilder } from "../../../infra/rollout/artifacts.ts";
import { Hosts } from "../../support/hosts.ts";
import { writeNodeApp } from "../../support/node-app.ts";
import { until } from "../../support/poll.ts";
import { FakeAws } from "./fakes/aws-process.ts";
import { groupMachines } from "./samples.ts";

const MAIN = join(import.meta.dirname, "../../../infra/cli/main.ts");
const SECRET = "correct horse battery staple";
const GROUP = "web-1234567";
const NAMES = ["m-1", "m-2"] as const;
const IDS = { "m-1": "i-0000000000000000a", "m-2": "i-0000000000000000b" };
const hosts = new Hosts("in-place");
const folder = mkdtempSync(join(tmpdir(), "fleetwright-in-place-"));
let s3: FakeAws;
let ssm: FakeAws;
let stored: { arn: string; versionId: string };

before(async () => {
  for (const name of NAMES) await hosts.make(name);
  const here = hosts.login("m-1").address.replace(/\.\d+$/, ".1");
  [s3, ssm] = await Promise.all([FakeAws.start("boot.py", here), FakeAws.start("ssm.py", "127.0.0.1")]);
  await s3.tell("/bucket", { name: "artifacts" });
  stored = (await s3.tell("/secret", { DB_PASSWORD: SECRET })) as typeof stored;
  const instances = Object.fromEntries(NAMES.map((name) => [hosts.login(name).address, IDS[name]]));
  await s3.tell("", { instances, public: "/artifacts/ssm/" });
  const machines = NAMES.map((name) => ({ id: IDS[name], login: loginWords(name) }));
  await ssm.tell("", { ...documents(), group: GROUP, machines });
});

function documents(more: { leaseMs?: number } = {}) {
  const args = { bucket: "artifacts", region: "eu-central-1", app: "shop", endpoints: endpoints(), ...more };
  return { documents: { "web-release": inPlaceDocument(args) } };
}

after(async () => {
  await Promise.all([s3?.close(), ssm?.close()]);
  hosts.close();
  rmSync(folder, { recursive: true, force: true });
});

const endpoints = () => ({
  metadata: s3.url,
  archives: `${s3.url}/artifacts`,
  secrets: s3.url,
  parameters: s3.url,
  metrics: s3.url,
  ssmAgent: `${s3.url}/artifacts/ssm`,
});

/** Runs a script given on standard input, as the agent of Systems Manager does: out of a file, as root. */
function loginWords(name: string): string[] {
  const { address, privateKeyFile } = hosts.login(name);
  const trusting = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null"];
  const options = ["BatchMode=yes", "LogLevel=ERROR", `IdentityFile=${privateKeyFile}`, ...trusting];
  const script = 'f=$(mktemp); cat >"$f"; sh "$f"; code=$?; rm "$f"; exit $code';
  return ["ssh", "-F", "none", ...options.flatMap((option) => ["-o", option]), `root@${address}`, script];
}

/** A release that is whole in the bucket. @returns its manifest's sha256 */
async function publish(answer: string, more = ""): Promise<string> {
  const dir = join(folder, answer);
  writeNodeApp(
    dir,
    `import { hostname } from "node:os";
    ${more}
    export default (request, response) => response.end(JSON.stringify({ answer: ${JSON.stringify(answer)} }));`,
  );
  const group = { ...groupMachines(), types: [process.arch === "arm64" ? "m7g.large" : "m7i.large"] };
  const config = parseFleet("web", {
    app: { dir, name: "shop", secrets: { DB_PASSWORD: SECRET }, bootTimeoutMs: 20_000 },
    machines: group,
    https: { domains: ["app.example.org"] },
  });
  const app = checkApp("shop", config.app);
  if (config.machines.provider !== "autoscaling") throw new Error("not a group");
  const target = groupTarget(config.machines);
  const built = await artifactBuilder(app, () => undefined, "whole")([target]);
  const secrets = { stored, references: {}, as: { DB_PASSWORD: "environment" as const } };
  const manifest = groupText({ fleet: "web", config, app, target, built, environment: {}, secrets });
  for (const { path, sha256 } of [built.runtime(target.arch).archive, built.release(target).archive]) await put(`archives/${sha256}`, path);
  const sha256 = createHash("sha256").update(manifest).digest("hex");
  await putText(`manifests/${sha256}`, manifest);
  return sha256;
}

const put = (key: string, path: string) => s3.tell("/put", { bucket: "artifacts", key, path });

async function putText(key: string, content: string): Promise<void> {
  const path = join(folder, "text");
  writeFileSync(path, content);
  await put(key, path);
}

const born = async () => ((await s3.tell("/object", { bucket: "artifacts", key: RECORD_KEY })) as { text: string }).text.trim();

/** A package with a unit of the agent's name, in place of AWS's. */
async function publishAgent(): Promise<void> {
  const dir = join(folder, "agent");
  mkdirSync(join(dir, "DEBIAN"), { recursive: true });
  mkdirSync(join(dir, "lib/systemd/system"), { recursive: true });
  const control = ["Package: amazon-ssm-agent", "Version: 1", "Architecture: all", "Maintainer: test <t@example.org>", "Description: test"];
  writeFileSync(join(dir, "DEBIAN/control"), `${control.join("\n")}\n`);
  writeFileSync(join(dir, "lib/systemd/system/amazon-ssm-agent.service"), "[Service]\nExecStart=/bin/true\n");
  execFileSync("dpkg-deb", ["--build", "--root-owner-group", dir, join(folder, "agent.deb")]);
  for (const arch of ["amd64", "arm64"]) await put(`ssm/debian_${arch}/amazon-ssm-agent.deb`, join(folder, "agent.deb"));
}

/** As cloud-init does it. */
async function boot(name: string): Promise<string> {
  const script = bootScript({ bucket: "artifacts", region: "eu-central-1", manifest: undefined, endpoints: endpoints() });
  const encoded = Buffer.from(script).toString("base64");
  return hosts.sh(name, `echo ${encoded} | base64 -d > /root/user-data; sh /root/user-data 2>&1 || echo "exit code $?"`);
}

function ask(name: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const { address: host } = hosts.login(name);
    const loosely = { rejectUnauthorized: false, servername: "", agent: false as const };
    const asked = request({ host, port: 443, path: "/", headers: { host: "app.example.org" }, ...loosely });
    asked.on("error", reject).on("response", async (response) => {
      const body = await text(response);
      if (response.statusCode === 200) resolve(JSON.parse(body).answer);
      else reject(new Error(`HTTP ${response.statusCode}: ${body}`));
    });
    asked.end();
  });
}

const answers = () => Promise.all(NAMES.map(ask));

const planOf = (manifest: string): InPlacePlan => ({
  schema: 1,
  fleet: "web",
  group: GROUP,
  region: "eu-central-1",
  bucket: "artifacts",
  document: "web-release",
  manifest,
  batch: "1",
  maxErrors: 0,
  warmUpMs: 180_000,
});

async function release(manifest: string): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const env = {
    ...process.env,
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    AWS_ENDPOINT_URL: ssm.url,
    AWS_ENDPOINT_URL_S3: s3.url,
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_PROFILE: "",
  };
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", MAIN, "in-place", "--pace", "5"], { env });
  child.stdin.end(JSON.stringify(planOf(manifest)));
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { code, stdout, stderr };
}

const evidence = async ({ stdout, stderr }: { stdout: string; stderr: string }) =>
  `${stdout}\n${stderr}\n${JSON.stringify(await ssm.tell(""), undefined, 1)}`;

let two: string;

test("machines are born with what the fleet's record says, and get the agent that their image lacks", async () => {
  await publishAgent();
  await putText(RECORD_KEY, `${await publish("one")}\n`);
  for (const name of NAMES) {
    const said = await boot(name);
    assert.match(said, /this machine serves release [0-9a-f]{12}/, said);
    assert.doesNotMatch(said, /exit code/);
    assert.equal(await hosts.sh(name, "systemctl show -P LoadState amazon-ssm-agent.service"), "loaded");
  }
  assert.deepEqual(await answers(), ["one", "one"]);
});

test("a release comes to both in place, confirmed, without a request that fails, and those born later have it", async () => {
  two = await publish("two");
  const done = new AbortController();
  const asking = (async () => {
    let count = 0;
    for (; !done.signal.aborted; count += 1) {
      await answers();
      await sleep(20);
    }
    return count;
  })();
  asking.catch(() => undefined);
  const ran = await release(two).finally(() => done.abort());
  assert.equal(ran.code, 0, await evidence(ran));
  assert.ok((await asking) > 0);
  assert.deepEqual(await answers(), ["two", "two"]);
  assert.equal(await born(), two);
  for (const name of NAMES) {
    const status = JSON.parse(await hosts.sh(name, "/opt/fleetwright/current/bin/fleethost status --json"));
    assert.deepEqual([status.apps[0].machine, status.apps[0].unconfirmed], [IDS[name], null]);
  }
  assert.match(await boot("m-2"), /this machine serves release/);
  assert.equal(await ask("m-2"), "two");
});

test("one that doesn't come up on the second machine is undone on the first, which serves what it served; its words are told", async () => {
  const three = await publish("three", 'if (hostname() === "m-2") throw new Error("no database here");');
  const ran = await release(three);
  assert.equal(ran.code, 1, await evidence(ran));
  assert.match(ran.stderr, new RegExp(`${IDS["m-1"]}: serves the release, on trial`));
  const words = "fleetwright: this machine keeps what it serves: the release does not come up";
  assert.match(ran.stderr, new RegExp(`failed on ${IDS["m-2"]}\\.[\\s\\S]*${IDS["m-2"]}: ${words}`));
  assert.deepEqual(await answers(), ["two", "two"]);
  assert.equal(await born(), two);
});

test("an earlier release, sent again, comes back in the same way; nothing secret is in what was sent or said", async () => {
  const one = await publish("one");
  const ran = await release(one);
  assert.equal(ran.code, 0, await evidence(ran));
  assert.deepEqual(await answers(), ["one", "one"]);
  assert.ok(!(await evidence(ran)).includes(SECRET));
  assert.equal(await hosts.sh("m-1", "ls -d /run/fleetwright-boot /var/lib/fleetwright/incoming/* 2>/dev/null || echo nothing"), "nothing");
});

test("when nobody is there to confirm it, as `up` was killed, both go back by themselves, and machines are born as before", async () => {
  await ssm.tell("", documents({ leaseMs: 5_000 }));
  const client = new SSMClient({ region: "eu-central-1", endpoint: ssm.url, credentials: { accessKeyId: "test", secretAccessKey: "test" } });
  const { Command } = await client.send(new SendCommandCommand(sendInput(planOf(two), "try")));
  const ended = async () => {
    // The fake goes on when it is asked.
    const { Commands } = await client.send(new ListCommandsCommand({ CommandId: Command?.CommandId }));
    return Commands?.[0]?.Status === "Success";
  };
  await until("both have it on trial", ended, 120_000);
  await until("both are back", async () => (await answers()).join() === "one,one", 120_000);
  for (const name of NAMES) {
    assert.match(await hosts.sh(name, "tail -n 1 /var/lib/fleetwright/shop/history.jsonl"), /"event":"reverted".*its lease ran out/);
  }
  assert.notEqual(await born(), two);
});
