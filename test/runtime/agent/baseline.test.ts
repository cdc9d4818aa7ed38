/** A machine's baseline: what is written, on trial, kept, undone, taken away; with a made-up sshd and nft. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { type TestContext, test } from "node:test";
import {
  endTrial,
  harden,
  keepChange,
  removeBaseline,
  requireKept,
  settleChange,
  unhardened,
} from "../../../runtime/agent/baseline/harden.ts";
import { readChange } from "../../../runtime/agent/baseline/record.ts";
import { converge } from "../../../runtime/agent/converge.ts";
import { unitNames } from "../../../runtime/agent/paths.ts";
import type { Hardening } from "../../../runtime/hardening.ts";
import { generationOf } from "../../../runtime/manifest.ts";
import { type FakeAgent, fakeAgent } from "./fake-agent.ts";
import { sampleManifest } from "./sample-manifest.ts";

const both: Hardening = { firewall: { sshPorts: [2222] }, sshKeysOnly: true };
const wanting = (hardening?: Hardening) => ({ ...sampleManifest(), ...(hardening === undefined ? {} : { hardening }) });

/** An agent whose sshd does what its file says, and whose nft takes what it is given, or refuses. */
function machine(t: TestContext): FakeAgent & { tools: string[]; refuses: boolean } {
  const agent = fakeAgent(t);
  const { run: systemd, paths } = agent;
  const tools: string[] = [];
  const fake = Object.assign(agent, { tools, refuses: false });
  fake.run = async (command, args, options) => {
    if (command === "systemctl") return systemd(command, args, options);
    tools.push([command, ...args].join(" "));
    const off = existsSync(paths.sshdConfig) && readFileSync(paths.sshdConfig, "utf8").includes("PasswordAuthentication no");
    const said = `port 22\npasswordauthentication ${off ? "no" : "yes"}\nkbdinteractiveauthentication no\n`;
    const stdout = command.endsWith("sshd") ? said : "";
    const code = command === "nft" && (fake.refuses || (args.includes("list") && !existsSync(paths.firewall))) ? 1 : 0;
    return { code, stdout, stderr: code === 0 ? "" : "no such thing" };
  };
  return fake;
}

function put(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

test("the baseline is no part of a generation: another one restarts nothing", () => {
  assert.equal(generationOf(wanting(both)), generationOf(wanting()));
});

test("what isn't as wanted is named; hardened, nothing is; without the key, what is there is", async (t) => {
  const agent = machine(t);
  assert.deepEqual(await unhardened(agent, wanting()), []);
  assert.deepEqual(await unhardened(agent, wanting(both)), ["sshKeysOnly", "firewall"]);
  await harden(agent, wanting(both), undefined);
  assert.deepEqual(await unhardened(agent, wanting(both)), []);
  assert.deepEqual(await unhardened(agent, wanting({ sshKeysOnly: true })), ["firewall"]);
  assert.deepEqual(await harden(agent, wanting(both), undefined), { changed: [], trial: null });
});

test("the operator's port and the machine's own are let in", async (t) => {
  const agent = machine(t);
  await harden(agent, wanting(both), undefined);
  assert.match(readFileSync(agent.paths.firewall, "utf8"), /tcp dport \{ 22, 2222 \} accept/);
});

test("a trial has its timer before anything is touched; a new login ends it, and no later one of another trial", async (t) => {
  const agent = machine(t);
  const { trial } = await harden(agent, wanting(both), 30_000);
  assert.ok(trial !== null);
  const timer = agent.tools.findIndex(
    (line) => /^systemd-run .*--on-active=30000ms .*unharden --trial /.test(line) && line.endsWith(trial),
  );
  assert.ok(timer !== -1 && timer < agent.tools.findIndex((line) => line.includes("nft --check")), agent.tools.join("\n"));
  await assert.rejects(requireKept(agent), /still on trial/);
  await assert.rejects(keepChange(agent, trial), /gone back/, "nobody has logged in");
  put(agent.paths.baselineKnock(trial), "");
  await assert.rejects(keepChange(agent, "another"), /gone back/);
  assert.deepEqual(await endTrial(agent, trial), [], "the timer came after the login");
  await keepChange(agent, trial);
  await requireKept(agent);
  assert.ok(agent.calls.includes(`stop ${unitNames.baselineUndo}.timer`));
  assert.deepEqual(await endTrial(agent, trial), [], "the timer came too late");
  await settleChange(agent);
  assert.equal(await readChange(agent), undefined);
});

test("a trial that nobody ends goes back to what was there, not to what a change in between had made of it", async (t) => {
  const agent = machine(t);
  put(agent.paths.sshdConfig, "# PasswordAuthentication no, as the team has it\n");
  await harden(agent, wanting(both), undefined);
  const { trial } = await harden(agent, wanting({ ...both, firewall: { sshPorts: [9] } }), 30_000);
  await settleChange(agent);
  assert.ok(trial !== null && (await readChange(agent)) !== undefined, "a confirm doesn't end a trial");
  assert.deepEqual(await endTrial(agent, trial), ["firewall", "sshKeysOnly"]);
  assert.equal(readFileSync(agent.paths.sshdConfig, "utf8"), "# PasswordAuthentication no, as the team has it\n");
  assert.ok(!existsSync(agent.paths.firewall) && !existsSync(agent.paths.unit(unitNames.firewall)));
  assert.ok(agent.tools.includes("nft delete table inet fleetwright"));
});

test("turning off needs no trial", async (t) => {
  const agent = machine(t);
  await harden(agent, wanting(both), undefined);
  await settleChange(agent);
  assert.deepEqual(await harden(agent, wanting(), 30_000), { changed: ["sshKeysOnly", "firewall"], trial: null });
  assert.ok(!existsSync(agent.paths.firewall) && !existsSync(agent.paths.sshdConfig));
});

test("rules that nft refuses leave nothing behind, and its words are told", async (t) => {
  const agent = machine(t);
  agent.refuses = true;
  await assert.rejects(harden(agent, wanting(both), 30_000), /nft refuses the firewall's rules: no such thing/);
  assert.ok(!existsSync(agent.paths.firewall) && !existsSync(agent.paths.sshdConfig));
  assert.equal(await readChange(agent), undefined);
});

test("after a boot, what was not confirmed before is as it was; in the same boot a trial is left alone", async (t) => {
  const agent = machine(t);
  await harden(agent, wanting(both), 30_000);
  assert.deepEqual(await converge(agent), []);
  agent.boot = "boot-2";
  assert.equal((await converge(agent)).length, 2);
  assert.ok(!existsSync(agent.paths.firewall) && !existsSync(agent.paths.sshdConfig));
});

test("a machine that leaves has nothing of it any more", async (t) => {
  const agent = machine(t);
  await harden(agent, wanting(both), undefined);
  await removeBaseline(agent);
  const { firewall, sshdConfig, unit } = agent.paths;
  for (const path of [firewall, unit(unitNames.firewall), sshdConfig]) assert.ok(!existsSync(path), path);
});

test("what is told to CloudWatch comes and goes with the manifest, starts no process of the app, and is drift when it is stopped", async (t) => {
  const agent = machine(t);
  const { paths } = agent;
  const metrics = { url: "https://monitoring.eu-central-1.amazonaws.com", dimensions: { Fleet: "web" }, certificates: true };
  const telling = { ...sampleManifest(), cloudwatch: { region: "eu-central-1", metadataUrl: "http://169.254.169.254", metrics } };
  assert.equal(generationOf(telling), generationOf(sampleManifest()));
  assert.deepEqual(await unhardened(agent, telling), ["metrics"]);
  await harden(agent, telling, undefined);
  assert.deepEqual(JSON.parse(readFileSync(paths.metricsJob, "utf8")).dimensions, { Fleet: "web" });
  assert.match(readFileSync(paths.unit(unitNames.metrics), "utf8"), /DynamicUser=yes/);
  assert.deepEqual(await unhardened(agent, telling), []);
  await harden(agent, sampleManifest(), undefined);
  for (const path of [paths.metricsJob, paths.unit(unitNames.metrics), paths.unit(unitNames.metricsTimer)])
    assert.ok(!existsSync(path), path);
});
