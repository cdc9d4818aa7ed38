/** confirm, revert, converge and the lease on made-up machines: the order of what they do, and what a cut leaves. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { confirm } from "../../../runtime/agent/confirm.ts";
import { converge } from "../../../runtime/agent/converge.ts";
import { goBack, revert } from "../../../runtime/agent/go-back.ts";
import { judgeLease, renewLease, watchLease, writeLease } from "../../../runtime/agent/lease.ts";
import { pointSocket } from "../../../runtime/agent/machine-files.ts";
import { unitNames } from "../../../runtime/agent/paths.ts";
import { readPending, readState, type State, writePending, writeState } from "../../../runtime/agent/records.ts";
import { settle } from "../../../runtime/agent/settle.ts";
import { enabledGenerations } from "../../../runtime/agent/systemd.ts";
import { renderSocket } from "../../../runtime/agent/units.ts";
import { fingerprintOf, generationOf, type Manifest } from "../../../runtime/manifest.ts";
import { type FakeAgent, fakeAgent } from "./fake-agent.ts";
import { hash, sampleManifest } from "./sample-manifest.ts";

const oldManifest = sampleManifest();
const newManifest = sampleManifest({ app: { release: { id: hash("d"), archive: { sha256: hash("e"), bytes: 1 } } } });
const OLD = generationOf(oldManifest);
const NEW = generationOf(newManifest);
const unit = (generation: string) => unitNames.generation("shop", generation);

const stateOf = (manifest: Manifest, applyId: string): State => ({
  schema: 1,
  applyId,
  manifestHash: fingerprintOf(manifest),
  generation: generationOf(manifest),
  release: manifest.app.release.id,
  previous: null,
  manifest,
});

function put(path: string, text = ""): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

function enable(agent: FakeAgent, generation: string): void {
  const link = join(agent.paths.wants("multi-user.target"), unit(generation));
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync(agent.paths.unit(unit(generation)), link);
}

/** OLD is confirmed, NEW runs and waits for its confirm. */
async function switched(agent: FakeAgent): Promise<void> {
  put(agent.paths.unit("shop.socket"), renderSocket("shop", OLD));
  for (const manifest of [oldManifest, newManifest])
    put(join(agent.paths.generation("shop", generationOf(manifest)), "manifest.json"), JSON.stringify(manifest));
  put(join(agent.paths.runtime(oldManifest.runtime), "bin/caddy"), "caddy");
  enable(agent, OLD);
  await writeState(agent, stateOf(oldManifest, "apply-1"));
  await writePending(agent, "apply-2", newManifest);
  await writeLease(agent, "shop", "apply-2", 5000);
  agent.running.add(unit(NEW));
}

test("a confirm enables the new generation before it disables the old one, and the socket follows without a restart", async (t) => {
  const agent = fakeAgent(t);
  await switched(agent);
  const result = await confirm(agent, "shop", "apply-2");
  assert.equal(result.generation, NEW);
  assert.deepEqual(agent.calls, [`enable ${unit(NEW)} shop.socket fleetwright-caddy.service`, `disable ${unit(OLD)}`, "daemon-reload"]);
  assert.deepEqual(await enabledGenerations(agent, "shop"), [NEW]);
  assert.match(readFileSync(agent.paths.unit("shop.socket"), "utf8"), new RegExp(`Service=${unit(NEW)}`));
  const state = await readState(agent, "shop");
  assert.deepEqual(
    [state?.applyId, state?.generation, state?.previous, state?.manifestHash],
    ["apply-2", NEW, OLD, fingerprintOf(newManifest)],
  );
  assert.ok(!existsSync(agent.paths.lease("shop")));
  assert.equal(await readPending(agent, "shop"), undefined);
});

test("the same confirm again does nothing", async (t) => {
  const agent = fakeAgent(t);
  await switched(agent);
  const first = await confirm(agent, "shop", "apply-2");
  agent.calls.length = 0;
  assert.deepEqual(await confirm(agent, "shop", "apply-2"), first);
  assert.deepEqual(agent.calls, []);
});

test("a confirm of another apply, or of a generation that died, is refused and changes nothing", async (t) => {
  const agent = fakeAgent(t);
  await switched(agent);
  await assert.rejects(confirm(agent, "shop", "apply-9"), /apply-9 of shop does not await a confirm/);
  agent.running.clear();
  await assert.rejects(confirm(agent, "shop", "apply-2"), /doesn't run/);
  assert.deepEqual([agent.calls, await enabledGenerations(agent, "shop")], [[], [OLD]]);
});

test("going back starts the confirmed generation before it stops the other one", async (t) => {
  const agent = fakeAgent(t);
  await switched(agent);
  agent.running.add(unitNames.caddy);
  const now = await goBack(agent, "shop", "reverted", "asked to");
  assert.match(now, new RegExp(`generation ${OLD} .* serves as before`));
  const caddy = agent.calls.findIndex((call) => /caddy/.test(call));
  assert.equal(agent.calls[0], `start ${unit(OLD)}`);
  assert.ok(
    caddy > 0 && caddy < agent.calls.indexOf(`stop ${unit(NEW)}`),
    `Caddy knows before the other one goes: ${agent.calls.join(", ")}`,
  );
  assert.equal(await readPending(agent, "shop"), undefined);
  const history = JSON.parse(readFileSync(agent.paths.record("shop", "history.jsonl"), "utf8"));
  assert.deepEqual([history.event, history.applyId, history.generation, history.why], ["reverted", "apply-2", NEW, "asked to"]);
});

test("a rollout that is put back leaves another rollout's switch alone", async (t) => {
  const agent = fakeAgent(t);
  await switched(agent);
  assert.match(await revert(agent, "shop", "apply-of-another"), /awaits no confirm/);
  assert.deepEqual([agent.calls, (await readPending(agent, "shop"))?.applyId], [[], "apply-2"]);
  assert.match(await revert(agent, "shop", "apply-2"), new RegExp(`generation ${OLD} .* serves as before`));
});

test("a Caddy that refuses its configuration doesn't keep what is to go", async (t) => {
  const agent = fakeAgent(t);
  await switched(agent);
  agent.running.add(unitNames.caddy);
  const { run } = agent;
  agent.run = async (command, args) =>
    command === "systemctl" && args[1] === unitNames.caddy ? { code: 1, stdout: "", stderr: "" } : run(command, args);
  await assert.rejects(goBack(agent, "shop", "reverted", "asked to"), /Caddy did not/);
  assert.ok(!agent.running.has(unit(NEW)) && agent.running.has(unit(OLD)));
});

test("what serves is not stopped when the confirmed generation can't start", async (t) => {
  const agent = fakeAgent(t);
  await switched(agent);
  const { run } = agent;
  agent.run = async (command, args) =>
    command === "systemctl" && args[0] === "start" ? { code: 1, stdout: "", stderr: "" } : run(command, args);
  await assert.rejects(goBack(agent, "shop", "reverted", "asked to"), /did not start/);
  assert.ok(agent.running.has(unit(NEW)));
  assert.ok(await readPending(agent, "shop"), "the switch still waits: the lease's watcher tries again");
});

test("a failed first switch takes the socket down before the service, which it would wake", async (t) => {
  const agent = fakeAgent(t);
  await writePending(agent, "apply-1", newManifest);
  for (const name of [unit(NEW), "shop.socket", unitNames.caddy]) agent.running.add(name);
  assert.match(await goBack(agent, "shop", "failed", "broken"), /^nothing: /);
  assert.deepEqual(agent.calls, ["stop shop.socket", "stop fleetwright-caddy.service", `stop ${unit(NEW)}`]);
});

test("a revert of an app that was never switched touches nothing, not even Caddy", async (t) => {
  const agent = fakeAgent(t);
  agent.running.add(unitNames.caddy);
  await assert.rejects(goBack(agent, "shpo", "reverted", "asked to"), /no generation of shpo is confirmed/);
  assert.deepEqual(agent.calls, []);
});

test("a boot clears the switch that was not confirmed, and the converge starts or stops nothing", async (t) => {
  const agent = fakeAgent(t);
  await switched(agent);
  put(join(agent.paths.releases("shop"), ".tmp-half", "x"));
  agent.boot = "boot-2";
  await converge(agent);
  assert.equal(await readPending(agent, "shop"), undefined);
  assert.deepEqual([existsSync(agent.paths.lease("shop")), existsSync(join(agent.paths.releases("shop"), ".tmp-half"))], [false, false]);
  assert.deepEqual(await enabledGenerations(agent, "shop"), [OLD]);
  assert.deepEqual(
    agent.calls.filter((call) => call !== "daemon-reload"),
    [],
  );
});

test("a converge run by hand leaves this boot's switch alone", async (t) => {
  const agent = fakeAgent(t);
  await switched(agent);
  await converge(agent);
  assert.ok(await readPending(agent, "shop"));
});

for (const [cut, recorded, stays] of [
  ["before", oldManifest, OLD],
  ["after", newManifest, NEW],
] as const) {
  test(`a confirm that was cut ${cut} its record was written ends with one generation enabled: the recorded one`, async (t) => {
    const agent = fakeAgent(t);
    await switched(agent);
    enable(agent, NEW);
    await pointSocket(agent, "shop", NEW);
    await writeState(agent, stateOf(recorded, "apply"));
    agent.boot = "boot-2";
    await converge(agent);
    assert.deepEqual(await enabledGenerations(agent, "shop"), [stays]);
    assert.match(readFileSync(agent.paths.unit("shop.socket"), "utf8"), new RegExp(`Service=${unit(stays)}`));
    agent.running.add(unit(OLD)).add(unit(NEW));
    await settle(agent, "shop");
    assert.deepEqual([...agent.running], [unit(stays)]);
  });
}

test("a lease that runs out goes back once; one that is confirmed ends its watcher", async (t) => {
  const agent = fakeAgent(t);
  await switched(agent);
  agent.uptime += 5000;
  const reasons: string[] = [];
  const back = async (why: string) => {
    reasons.push(why);
    await goBack(agent, "shop", "reverted", why);
  };
  assert.equal(await watchLease(agent, "shop", back), "went back");
  assert.equal(await watchLease(agent, "shop", back), "over");
  assert.deepEqual(reasons, ["its lease ran out before it was confirmed"]);
});

test("a renewed lease runs from now; what isn't pending can't be renewed", async (t) => {
  const agent = fakeAgent(t);
  await switched(agent);
  agent.uptime += 4000;
  assert.equal((await renewLease(agent, "shop", 3000)).deadlineUptimeMs, agent.uptime + 3000);
  await confirm(agent, "shop", "apply-2");
  await assert.rejects(renewLease(agent, "shop", 3000), /no switch of shop awaits a confirm/);
});

test("a pending switch without its lease counts as run out", () => {
  const lease = { applyId: "apply-2", deadlineUptimeMs: 100 };
  assert.equal(judgeLease(undefined, lease, 0), "over");
  assert.equal(judgeLease("apply-2", lease, 99), "running");
  assert.equal(judgeLease("apply-2", lease, 100), "expired");
  assert.equal(judgeLease("apply-3", lease, 0), "expired");
  assert.equal(judgeLease("apply-2", undefined, 0), "expired");
});
