/** Releases, drift and decommission on a made-up machine. */
import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { confirm } from "../../../runtime/agent/confirm.ts";
import { storeSecrets } from "../../../runtime/agent/credstore.ts";
import { decommission } from "../../../runtime/agent/decommission.ts";
import { compareApp } from "../../../runtime/agent/drift.ts";
import { expectedFiles } from "../../../runtime/agent/expected-files.ts";
import { changedFiles, writeListing } from "../../../runtime/agent/listing.ts";
import { reloadIfMended, startSocket } from "../../../runtime/agent/mend.ts";
import { unitNames } from "../../../runtime/agent/paths.ts";
import { pruneRuntimes } from "../../../runtime/agent/prune.ts";
import { readState, remember, writePending } from "../../../runtime/agent/records.ts";
import { reportReleases } from "../../../runtime/agent/releases-report.ts";
import { generationOf, type Manifest } from "../../../runtime/manifest.ts";
import { secretVersion } from "../../../runtime/secrets.ts";
import { type FakeAgent, fakeAgent } from "./fake-agent.ts";
import { hash, sampleManifest } from "./sample-manifest.ts";

const wanted = sampleManifest();
const GENERATION = generationOf(wanted);

function put(path: string, text = ""): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** Everything of a confirmed generation is there and runs. */
async function confirmed(agent: FakeAgent, manifest: Manifest = wanted, asked = {}): Promise<void> {
  const { paths } = agent;
  const generation = generationOf(manifest);
  const folder = paths.generation("shop", generation);
  const release = paths.release("shop", manifest.app.release.id);
  for (const { path, text } of expectedFiles(paths, manifest)) put(path, text ?? "# Written by Fleetwright. Changes are overwritten.\n");
  put(join(release, "app/main.py"), "app = 1");
  await writeListing(release);
  put(join(paths.runtime(manifest.runtime), "bin/fleethost"));
  for (const [name, target] of [
    ["release", release],
    ["runtime", paths.runtime(manifest.runtime)],
  ] as const)
    if (!existsSync(join(folder, name))) symlinkSync(target, join(folder, name));
  await agent.run("systemctl", ["enable", unitNames.lease("shop")]);
  mkdirSync(paths.wants("sockets.target"), { recursive: true });
  if (!existsSync(join(paths.wants("sockets.target"), unitNames.converge)))
    symlinkSync(paths.unit(unitNames.converge), join(paths.wants("sockets.target"), unitNames.converge));
  for (const unit of [unitNames.generation("shop", generation), unitNames.socket("shop"), unitNames.caddy]) agent.running.add(unit);
  await writePending(agent, `apply-${generation}`, manifest, asked);
  await confirm(agent, "shop", `apply-${generation}`);
}

/** The users of this computer aren't the fake machine's. */
const drift = async (agent: FakeAgent): Promise<string[]> =>
  (await compareApp(agent, "shop", undefined)).drift.filter((text) => !text.startsWith("the user "));

test("a machine just confirmed has no drift; each thing that somebody does to it is named", async (t) => {
  const agent = fakeAgent(t);
  await confirmed(agent);
  const { paths } = agent;
  assert.deepEqual(await drift(agent), []);
  const unit = paths.unit(unitNames.generation("shop", GENERATION));
  const before = readFileSync(unit, "utf8");
  writeFileSync(unit, `${before}# mine\n`);
  assert.deepEqual(await drift(agent), [`${unit} was changed`]);
  writeFileSync(unit, before);
  writeFileSync(join(paths.release("shop", wanted.app.release.id), "app/main.py"), "app = 2000");
  assert.deepEqual(await drift(agent), ["the release's files were changed: app/main.py"]);
  agent.running.delete(unitNames.caddy);
  assert.ok((await drift(agent)).includes(`${unitNames.caddy} doesn't run`));
});

test("secrets: a value that is missing, altered, open or not the app's is drift, and one that is missing can't be gone back to", async (t) => {
  const agent = fakeAgent(t);
  const { paths } = agent;
  const key = "a".repeat(64);
  const manifest = sampleManifest({ app: { secrets: { DB: { as: "environment", version: secretVersion(key, "DB", "hush") } } } });
  await storeSecrets(agent, manifest, { values: { DB: "hush" }, key });
  await confirmed(agent, manifest);
  const path = paths.credential("shop", "DB", secretVersion(key, "DB", "hush"));
  const running = join(paths.runningCredentials(unitNames.generation("shop", generationOf(manifest))), "DB");
  put(running, "hush");
  assert.deepEqual(await drift(agent), []);
  assert.doesNotMatch(JSON.stringify(await readState(agent, "shop")), /hush/);
  writeFileSync(path, "other");
  assert.deepEqual(await drift(agent), [
    `the value of the secret DB was changed (${path})`,
    "the app runs with another value of the secret DB than is stored",
  ]);
  put(running, "other");
  await storeSecrets(agent, manifest, { values: { DB: "hush" } });
  agent.calls.length = 0;
  await reloadIfMended(agent, manifest);
  assert.deepEqual(agent.calls, [`restart ${unitNames.generation("shop", generationOf(manifest))}`]);
  put(running, "hush");
  chmodSync(path, 0o640);
  assert.match((await drift(agent)).join(), /can be read by others/);
  rmSync(path);
  assert.deepEqual(await drift(agent), [`the value of the secret DB is missing (${path})`]);
  assert.deepEqual(
    (await reportReleases(agent, "shop", false)).stored.map(({ complete }) => complete),
    [false],
  );
});

test("while a switch is under way nothing is called drift", async (t) => {
  const agent = fakeAgent(t);
  await confirmed(agent);
  writeFileSync(agent.paths.caddyConfig, "{}");
  await writePending(agent, "next", wanted);
  const { drift: found, notes } = await compareApp(agent, "shop", undefined);
  assert.deepEqual(found, []);
  assert.match(notes.join(), /apply next was left unconfirmed/);
});

test("a release's listing sees what was added, changed and removed, but not bytecode", async (t) => {
  const folder = join(fakeAgent(t).root, "release");
  for (const path of ["a.py", "b.py", "c.py"]) put(join(folder, path), path);
  assert.deepEqual(await changedFiles(folder), [], "one that has no listing is taken as it is");
  await writeListing(folder);
  assert.deepEqual(await changedFiles(folder), []);
  put(join(folder, "__pycache__/a.pyc"));
  utimesSync(join(folder, "b.py"), 1, 1);
  put(join(folder, "new.py"));
  assert.deepEqual(await changedFiles(folder), ["b.py", "new.py"]);
});

test("releases: who and when, what is live, previous and stored; a rollback is noted until the next release", async (t) => {
  const agent = fakeAgent(t);
  const next = sampleManifest({ app: { release: { id: hash("d"), archive: { sha256: hash("e"), bytes: 1 } } } });
  await confirmed(agent, wanted, { by: "ann@laptop" });
  agent.running.clear();
  await confirmed(agent, next, { by: "bob@ci" });
  agent.running.clear();
  await confirmed(agent, wanted, { by: "ann@laptop", rollbackFrom: next.app.release.id });
  const report = await reportReleases(agent, "shop", true);
  assert.deepEqual(
    report.history.map(({ by, release, rollbackFrom }) => [by, release[0], rollbackFrom?.[0]]),
    [
      ["ann@laptop", "b", undefined],
      ["bob@ci", "d", undefined],
      ["ann@laptop", "b", "d"],
    ],
  );
  assert.deepEqual([report.live?.generation, report.previous], [GENERATION, generationOf(next)]);
  assert.deepEqual(
    report.stored.map(({ complete }) => complete),
    [true, true],
  );
  assert.deepEqual((await readState(agent, "shop"))?.rolledBack, {
    from: next.app.release.id,
    at: "2026-01-01T00:00:00.000Z",
    by: "ann@laptop",
  });
  agent.running.clear();
  await confirmed(agent, sampleManifest({ app: { environment: { A: "1" } } }));
  assert.equal((await readState(agent, "shop"))?.rolledBack, undefined);
});

test("a history line that a power cut left half-written is left out, and takes none with it", async (t) => {
  const agent = fakeAgent(t);
  await confirmed(agent);
  await remember(agent, "shop", { event: "failed", applyId: "x", generation: "g", release: "r", why: "no" });
  const path = agent.paths.record("shop", "history.jsonl");
  writeFileSync(path, `${readFileSync(path, "utf8")}{"at":"20`);
  const events = async () => (await reportReleases(agent, "shop", false)).history.map(({ event }) => event);
  assert.deepEqual(await events(), ["confirmed", "failed"]);
  await remember(agent, "shop", { event: "reverted", applyId: "y", generation: "g", release: "r", why: "no" });
  assert.deepEqual(await events(), ["confirmed", "failed", "reverted"]);
});

test("a socket that was stopped under a running service is started again, for which the service has to go", async (t) => {
  const agent = fakeAgent(t);
  await confirmed(agent);
  agent.calls.length = 0;
  assert.deepEqual(await startSocket(agent, "shop"), []);
  assert.deepEqual(agent.calls, [], "one that runs is left alone");
  agent.running.delete("shop.socket");
  assert.deepEqual(await startSocket(agent, "shop"), [GENERATION], "or the switch would take it for one that runs");
  assert.deepEqual(agent.calls, [`stop ${unitNames.generation("shop", GENERATION)}`, "start shop.socket"]);
});

test("decommission leaves nothing of the last app, and of others what they need", async (t) => {
  const agent = fakeAgent(t);
  await confirmed(agent);
  const { paths } = agent;
  put(join(paths.appState("shop"), "data"));
  put(paths.unit("shop@.service"), "[Unit] # somebody's own");
  put(join(paths.record("blog", "."), "state.json"), "{}");
  assert.deepEqual(await decommission(agent, "shop"), { app: "shop", others: ["blog"] });
  assert.ok(agent.running.has(unitNames.caddy) && existsSync(paths.caddyConfig) && existsSync(paths.runtimes), "blog's are there");
  for (const gone of [paths.generations("shop"), paths.record("shop", "."), paths.appState("shop"), paths.unit("shop.socket")])
    assert.ok(!existsSync(gone), gone);
  assert.ok(existsSync(paths.unit("shop@.service")), "a unit without our mark stays");
  assert.ok(agent.calls.indexOf("stop shop.socket") < agent.calls.indexOf(`stop ${unitNames.generation("shop", GENERATION)}`));
  assert.deepEqual(await decommission(agent, "blog"), { app: "blog", others: [] });
  for (const gone of [paths.ours, paths.etc, paths.records, paths.unit(unitNames.caddy), paths.unit(unitNames.converge)])
    assert.ok(!existsSync(gone), gone);
  assert.ok(!agent.running.has(unitNames.caddy));
});

test("with the last app, Caddy ends before what it still asks, and nothing is left in /run", async (t) => {
  const agent = fakeAgent(t);
  await confirmed(agent);
  put(join(agent.paths.slots("shop"), "1.sock"));
  await decommission(agent, "shop");
  assert.ok(!existsSync(dirname(agent.paths.slots("shop"))), "nor what only slots had");
  const stops = agent.calls.filter((call) => call.startsWith("stop "));
  assert.deepEqual(stops, [`stop ${unitNames.caddy}`, "stop shop.socket", `stop ${unitNames.generation("shop", GENERATION)}`]);
});

test("bundles that came just now stay, whoever uses them", async (t) => {
  const agent = fakeAgent(t);
  await confirmed(agent);
  put(join(agent.paths.runtime(hash("9")), "bin/node"));
  assert.deepEqual(await pruneRuntimes(agent), []);
});
