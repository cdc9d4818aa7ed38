/** The user data of a group's machines, on a real one: some forty seconds, and more where nothing is in the cache. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { bootScript } from "../../../infra/aws/boot-script.ts";
import { checkApp } from "../../../infra/build/app.ts";
import { parseFleet } from "../../../infra/config/parse.ts";
import { groupTarget, groupText } from "../../../infra/group-fleet.ts";
import { artifactBuilder } from "../../../infra/rollout/artifacts.ts";
import { askAsBalancer } from "../../support/as-balancer.ts";
import { Hosts } from "../../support/hosts.ts";
import { writeNodeApp } from "../../support/node-app.ts";
import { until } from "../../support/poll.ts";
import { FakeAws } from "./fakes/aws-process.ts";
import { groupMachines } from "./samples.ts";

const SECRET = "correct horse battery staple";
const MACHINE = "m-1";
const hosts = new Hosts("boot");
const folder = mkdtempSync(join(tmpdir(), "fleetwright-boot-"));
let aws: FakeAws;
let address: string;
let stored: { arn: string; versionId: string };

before(async () => {
  ({ address } = await hosts.make(MACHINE));
  aws = await FakeAws.start("boot.py", address.replace(/\.\d+$/, ".1"));
  await aws.tell("/bucket", { name: "artifacts" });
  stored = (await aws.tell("/secret", { DB_PASSWORD: SECRET })) as typeof stored;
});

after(async () => {
  await aws?.close();
  hosts.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A release that is whole in the bucket. */
async function publish(answer: string): Promise<{ manifest: string; archive: string }> {
  const dir = join(folder, answer);
  writeNodeApp(
    dir,
    `export default (request, response) =>
      response.end(JSON.stringify({ answer: ${JSON.stringify(answer)}, secret: process.env.DB_PASSWORD, host: request.headers.host }));`,
  );
  const group = { ...groupMachines(), types: [process.arch === "arm64" ? "m7g.large" : "m7i.large"] };
  const args = { app: { dir, name: "shop", secrets: { DB_PASSWORD: SECRET } }, machines: group, https: { domains: ["app.example.org"] } };
  const config = parseFleet("web", args);
  const app = checkApp("shop", config.app);
  if (config.machines.provider !== "autoscaling") throw new Error("not a group");
  const target = groupTarget(config.machines);
  const built = await artifactBuilder(app, () => undefined, "whole")([target]);
  const manifest = groupText({ fleet: "web", config, app, target, built, environment: {}, secrets: stored });
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
  const endpoints = { metadata: aws.url, archives: `${aws.url}/artifacts`, secrets: aws.url, ssmAgent: `${aws.url}/artifacts/ssm` };
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
  await aws.tell("", { s3Busy: 2, metadataSilent: 2, metadataDelayS: 0.5, noRole: 1 });
  const { failed, said } = await boot(first.manifest);
  assert.ok(!failed, `${said}\n${aws.log}`);
  await aws.tell("", { metadataDelayS: 0 });
  assert.match(said, /HTTP 503 SlowDown\n.*trying again in 1 s\n[\s\S]*trying again in 2 s/);
  assert.match(said, /this machine serves release [0-9a-f]{12}/);
  const { status, body } = await ask("app.example.org");
  assert.deepEqual([status, JSON.parse(body)], [200, { answer: "one", secret: SECRET, host: "app.example.org" }]);
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

test("nothing secret is left in what the script wrote, said or ran", async () => {
  const left = await hosts.sh(MACHINE, "ls /run/fleetwright-boot 2>&1 || :; ls /var/lib/fleetwright/incoming; journalctl -b -o cat --no-pager");
  assert.match(left, /cannot access '\/run\/fleetwright-boot'/);
  assert.doesNotMatch(left, /\.tar\.gz$/m);
  assert.ok(!left.includes(SECRET));
});

test("a release whose archive isn't there leaves the one that serves", async () => {
  const { manifest, archive } = await publish("two");
  await aws.tell("/remove", { bucket: "artifacts", key: `archives/${archive}` });
  const { failed, said } = await boot(manifest);
  assert.ok(failed, said);
  assert.match(said, new RegExp(`archives/${archive} can't be fetched \\(HTTP 404 NoSuchKey\\)`));
  assert.match((await ask("app.example.org")).body, /"one"/);
});

test("the script can be run again: nothing restarts", async () => {
  const pids = () => hosts.sh(MACHINE, "systemctl show -P MainPID 'shop@*.service' fleetwright-caddy.service");
  const was = await pids();
  const { failed, said } = await boot(first.manifest);
  assert.ok(!failed, said);
  assert.equal(await pids(), was);
});
