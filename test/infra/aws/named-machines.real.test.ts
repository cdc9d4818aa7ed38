/** Machines with names that nobody logs in to, two real ones: their user data, and releases that Run Command brings to them. */
import assert from "node:assert/strict";
import { request } from "node:https";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { RECORD_KEY } from "../../../infra/aws/boot-script.ts";
import { checkApp } from "../../../infra/build/app.ts";
import { parseFleet } from "../../../infra/config/parse.ts";
import { groupText } from "../../../infra/group-fleet.ts";
import type { InPlacePlan } from "../../../infra/in-place/plan.ts";
import { namedTargets } from "../../../infra/named-fleet.ts";
import { artifactBuilder } from "../../../infra/rollout/artifacts.ts";
import { ReleaseWorld, SECRET, planBase } from "./release-world.ts";
import { namedMachines } from "./samples.ts";

const TAGS = { "fleetwright:fleet": "web", "fleetwright:stack": "shop/prod" };
const IDS = { "m-1": "i-0000000000000001a", "m-2": "i-0000000000000001b" };
const world = new ReleaseWorld("named", IDS);
const { hosts } = world;
const type = process.arch === "arm64" ? "m7g.large" : "m7i.large";
/** The names that the machines have in the fleet. */
const FLEET = { "web-1": "m-1", "web-2": "m-2" } as const;
const NAMES = Object.keys(FLEET) as (keyof typeof FLEET)[];

before(async () => {
  await world.start({ tags: TAGS });
  await world.ssm.tell("", world.documents({ named: "local-ipv4" }));
  await world.publishAgent();
});
after(() => world.close());

/** @param names of the machines that it is for. @returns its manifest's sha256 */
async function publish(answer: string, { names = NAMES, more = "" }: { names?: readonly string[]; more?: string } = {}): Promise<string> {
  const dir = world.writeApp(answer, more);
  const instances = names.map((name) => ({ name, type, zone: "eu-central-1a" }));
  const config = parseFleet("web", {
    app: { dir, name: "shop", secrets: { DB_PASSWORD: SECRET }, bootTimeoutMs: 20_000 },
    machines: { ...namedMachines(), instances },
    https: { domains: ["app.example.org", "{machine}.example.org"] },
  });
  const app = checkApp("shop", config.app);
  if (config.machines.provider !== "ec2") throw new Error("not on EC2");
  const targets = namedTargets(config.machines);
  const built = await artifactBuilder(app, () => undefined, "whole")([...targets.values()]);
  const parts = { fleet: "web", config, app, built, environment: {}, secrets: world.secrets };
  const lines = [...targets].map(([machine, target]) => `${machine} ${groupText({ ...parts, target, machine })}`);
  const archives = [...targets.values()].flatMap((target) => [built.runtime(target.arch).archive, built.release(target).archive]);
  return world.publish(lines.join(""), archives);
}

const boot = (name: keyof typeof FLEET) => world.boot(FLEET[name], { name, addressKey: "local-ipv4" });

const planOf = (manifest: string, names: readonly (keyof typeof FLEET)[] = NAMES): InPlacePlan => ({
  ...planBase,
  group: "web",
  instances: { stack: "shop/prod", machines: names.map((name) => ({ name, id: IDS[FLEET[name]] })) },
  manifest,
});

const statusOf = async (name: keyof typeof FLEET) =>
  JSON.parse(await hosts.sh(FLEET[name], "/opt/fleetwright/current/bin/fleethost status --json")).apps[0];

/** As a client that trusts nothing but the fleet's authorities. */
function verified(machine: string, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: hosts.login(machine).address, port: 443, path: "/", servername: "app.example.org", ca, agent: false });
    asked.on("error", reject).on("response", (response) => void text(response).then((body) => resolve(JSON.parse(body).answer), reject));
    asked.end();
  });
}

let two: string;

test("a machine comes up on the record's release by its own name, with its own domains, after the agent that its image lacks", async () => {
  await world.putText(RECORD_KEY, `${await publish("one", { names: ["web-1"] })}\n`);
  const said = await boot("web-1");
  assert.match(said, /this machine serves release [0-9a-f]{12}/, said);
  assert.doesNotMatch(said, /exit code/);
  const status = await statusOf("web-1");
  assert.equal(status.machine, "web-1");
  assert.deepEqual(
    status.urls,
    [hosts.login("m-1").address, "app.example.org", "web-1.example.org"].map((name) => `https://${name}`),
  );
  assert.equal(await world.ask("m-1"), "one");
});

test("a machine that the release doesn't know yet waits for one that does, with its agent there", async () => {
  const said = await boot("web-2");
  assert.match(said, /the fleet's release has nothing for web-2 yet; pulumi up brings it/, said);
  assert.doesNotMatch(said, /exit code/);
  assert.equal(await hosts.sh("m-2", "systemctl show -P LoadState amazon-ssm-agent.service"), "loaded");
});

test("the next release is on both, confirmed: the one is switched, and on the other it is the first", async () => {
  two = await publish("two");
  const ran = await world.release(planOf(two));
  assert.equal(ran.code, 0, await world.evidence(ran));
  assert.match(
    ran.stderr,
    /web-2: serves the release, on trial[\s\S]*web-2: has it for good[\s\S]*the fleet is on [0-9a-f]{12}, with 2 machines/,
  );
  assert.deepEqual(await world.answers(), ["two", "two"]);
  assert.equal(await world.born(), two);
  const { authorities } = JSON.parse(ran.stdout) as { authorities: string };
  for (const machine of Object.keys(IDS)) assert.equal(await verified(machine, authorities), "two");
  for (const name of NAMES) {
    const status = await statusOf(name);
    assert.deepEqual([status.machine, status.unconfirmed], [name, null]);
  }
});

test("what doesn't come up on the second machine is undone on the first, which serves what it served; its words are told by its name", async () => {
  const ran = await world.release(
    planOf(await publish("three", { more: 'if (hostname() === "m-2") throw new Error("no database here");' })),
  );
  assert.equal(ran.code, 1, await world.evidence(ran));
  assert.match(ran.stderr, /web-1: serves the release, on trial/);
  assert.match(ran.stderr, /failed on web-2\.[\s\S]*web-2: fleetwright: this machine keeps what it serves: the release does not come up/);
  assert.deepEqual(await world.answers(), ["two", "two"]);
  assert.equal(await world.born(), two);
});

test("a first boot that came to nothing, for an archive that isn't there, is mended by the next release", async () => {
  const gone = "f".repeat(64);
  await world.putText(RECORD_KEY, `${gone}\n`);
  // As new as a machine can be made here.
  await hosts.sh(
    "m-2",
    "systemctl disable --now shop.socket 'shop@*' >/dev/null 2>&1; rm -rf /opt/fleetwright/current /var/lib/fleetwright/shop",
  );
  const said = await boot("web-2");
  assert.match(said, /this machine does not serve: manifests\/f+ can't be fetched[\s\S]*exit code 1/, said);
  const ran = await world.release(planOf(two));
  assert.equal(ran.code, 0, await world.evidence(ran));
  assert.deepEqual(await world.answers(), ["two", "two"]);
});

test("a machine that was taken out of the fleet keeps none of the others from a release, and nothing secret was sent or said", async () => {
  const four = await publish("four", { names: ["web-1"] });
  const ran = await world.release(planOf(four, ["web-1"]));
  assert.equal(ran.code, 0, await world.evidence(ran));
  assert.deepEqual(await world.answers(), ["four", "two"]);
  assert.ok(!(await world.evidence(ran)).includes(SECRET));
});
