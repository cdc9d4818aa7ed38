/** Releases in place on two real machines: Run Command executes the fleet's document there, and they fetch from moto's S3. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, test } from "node:test";
import { ListCommandsCommand, SendCommandCommand, SSMClient } from "@aws-sdk/client-ssm";
import { RECORD_KEY } from "../../../infra/aws/boot-script.ts";
import { checkApp } from "../../../infra/build/app.ts";
import { parseFleet } from "../../../infra/config/parse.ts";
import { groupTarget, groupText } from "../../../infra/group-fleet.ts";
import type { Cloudwatch } from "../../../runtime/cloudwatch.ts";
import { sendInput } from "../../../infra/in-place/api.ts";
import type { InPlacePlan } from "../../../infra/in-place/plan.ts";
import { artifactBuilder } from "../../../infra/rollout/artifacts.ts";
import { until } from "../../support/poll.ts";
import { ReleaseWorld, SECRET, planBase } from "./release-world.ts";
import { groupMachines } from "./samples.ts";

const GROUP = "web-1234567";
const NAMES = ["m-1", "m-2"] as const;
const IDS = { "m-1": "i-0000000000000000a", "m-2": "i-0000000000000000b" };
const world = new ReleaseWorld("in-place", IDS);

before(async () => {
  await world.start({ group: GROUP });
  await world.ssm.tell("", world.documents());
});
after(() => world.close());

/** What a release may ask its machines to tell. */
const telling = () => ({
  region: "eu-central-1",
  metadataUrl: world.s3.url,
  metrics: { url: world.s3.url, dimensions: { Fleet: "web" }, certificates: false },
});

/** @returns its manifest's sha256 */
async function publish(answer: string, more = "", cloudwatch?: Cloudwatch): Promise<string> {
  const dir = world.writeApp(answer, more);
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
  const manifest = groupText({ fleet: "web", config, app, target, built, environment: {}, secrets: world.secrets, cloudwatch });
  return world.publish(manifest, [built.runtime(target.arch).archive, built.release(target).archive]);
}

const { hosts } = world;
const boot = (name: string) => world.boot(name);
const answers = () => world.answers();
const born = () => world.born();
const release = (manifest: string) => world.release(planOf(manifest));
const evidence = (ran: Parameters<typeof world.evidence>[0]) => world.evidence(ran);

const planOf = (manifest: string): InPlacePlan => ({
  ...planBase,
  group: GROUP,
  manifest,
});

let two: string;

test("machines are born with what the fleet's record says, and get the agent that their image lacks", async () => {
  await world.publishAgent();
  await world.putText(RECORD_KEY, `${await publish("one")}\n`);
  for (const name of NAMES) {
    const said = await boot(name);
    assert.match(said, /this machine serves release [0-9a-f]{12}/, said);
    assert.doesNotMatch(said, /exit code/);
    assert.equal(await hosts.sh(name, "systemctl show -P LoadState amazon-ssm-agent.service"), "loaded");
  }
  assert.deepEqual(await answers(), ["one", "one"]);
});

test("a release comes to both in place, confirmed, without a request that fails, and those born later have it", async () => {
  two = await publish("two", "", telling());
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
    assert.equal(
      await hosts.sh(name, "systemctl is-active fleetwright-metrics.timer"),
      "active",
      "what it is asked to tell has come with it",
    );
  }
  assert.match(await boot("m-2"), /this machine serves release/);
  assert.equal(await world.ask("m-2"), "two");
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
  assert.equal(await hosts.sh("m-1", "systemctl is-active fleetwright-metrics.timer || :"), "inactive", "it asks for nothing to be told");
  assert.ok(!(await evidence(ran)).includes(SECRET));
  assert.equal(await hosts.sh("m-1", "ls -d /run/fleetwright-boot /var/lib/fleetwright/incoming/* 2>/dev/null || echo nothing"), "nothing");
});

test("when nobody is there to confirm it, as `up` was killed, both go back by themselves, and machines are born as before", async () => {
  await world.ssm.tell("", world.documents({ leaseMs: 5_000 }));
  const client = new SSMClient({
    region: "eu-central-1",
    endpoint: world.ssm.url,
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  });
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
