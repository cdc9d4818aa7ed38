/** A confirm that is prepared, decided by one rename, then completed: what each cut in between leaves. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { decideCommand } from "../../../infra/rollout/commands.ts";
import { confirm, prepareConfirm } from "../../../runtime/agent/confirm.ts";
import { converge } from "../../../runtime/agent/converge.ts";
import { confirmedManifest, goBack } from "../../../runtime/agent/go-back.ts";
import { takeHold } from "../../../runtime/agent/hold.ts";
import { writeLease } from "../../../runtime/agent/lease.ts";
import { unitNames } from "../../../runtime/agent/paths.ts";
import { readPending, readState, writePending, writeState } from "../../../runtime/agent/records.ts";
import { settle } from "../../../runtime/agent/settle.ts";
import { switchTo } from "../../../runtime/agent/switch.ts";
import { enabledGenerations } from "../../../runtime/agent/systemd.ts";
import { renderSocket } from "../../../runtime/agent/units.ts";
import { fingerprintOf, generationOf } from "../../../runtime/manifest.ts";
import { reportOfSupervisor } from "../../support/samples.ts";
import { type FakeAgent, fakeAgent } from "./fake-agent.ts";
import { hash, sampleManifest } from "./sample-manifest.ts";

const oldManifest = sampleManifest();
const newManifest = sampleManifest({ app: { release: { id: hash("d"), archive: { sha256: hash("e"), bytes: 1 } } } });
const [OLD, NEW] = [generationOf(oldManifest), generationOf(newManifest)];
const unit = (generation: string) => unitNames.generation("shop", generation);
const record = (agent: FakeAgent, file: string) => agent.paths.record("shop", file);

function put(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

async function listen(t: TestContext, path: string, answer: () => string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  const server = createServer((_, response) => response.end(answer()));
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.after(() => server.close());
}

/** OLD is confirmed (unless it is the first switch), NEW runs, answers, and waits for its confirm. */
async function switched(t: TestContext, { first = false, ready = true } = {}): Promise<FakeAgent> {
  const agent = fakeAgent(t);
  put(agent.paths.unit("shop.socket"), renderSocket("shop", first ? NEW : OLD));
  for (const manifest of [oldManifest, newManifest]) {
    put(join(agent.paths.generation("shop", generationOf(manifest)), "manifest.json"), JSON.stringify(manifest));
    mkdirSync(agent.paths.release("shop", manifest.app.release.id), { recursive: true });
  }
  put(join(agent.paths.runtime(oldManifest.runtime), "bin/caddy"), "caddy");
  if (!first) {
    const link = join(agent.paths.wants("multi-user.target"), unit(OLD));
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(agent.paths.unit(unit(OLD)), link);
    const { id: release } = oldManifest.app.release;
    const manifestHash = fingerprintOf(oldManifest);
    await writeState(agent, {
      schema: 1,
      applyId: "apply-1",
      manifestHash,
      generation: OLD,
      release,
      previous: null,
      manifest: oldManifest,
    });
  }
  await writePending(agent, "apply-2", newManifest);
  await writeLease(agent, "shop", "apply-2", 5_000);
  agent.running.add(unit(NEW));
  const state = ready ? "ready" : "booting";
  await listen(t, agent.paths.statusSocket("shop", NEW), () => JSON.stringify(reportOfSupervisor([{ state }])));
  await listen(t, agent.paths.caddyLocalSocket, () => "fine");
  return agent;
}

/** What the rollout has the machine's shell do, in the test's folder. @returns its exit code */
function decide(agent: FakeAgent, applyId = "apply-2"): number {
  mkdirSync(agent.paths.run, { recursive: true });
  const command = decideCommand("shop", applyId)
    .replaceAll("/var/lib/fleetwright", agent.paths.records)
    .replaceAll("/run/fleetwright", agent.paths.run)
    .replaceAll("sudo -n ", "");
  try {
    execFileSync("sh", ["-c", command], { stdio: "pipe" });
    return 0;
  } catch (error) {
    return (error as { status: number }).status;
  }
}

const historyOf = (agent: FakeAgent): string[] =>
  existsSync(record(agent, "history.jsonl"))
    ? readFileSync(record(agent, "history.jsonl"), "utf8")
        .trim()
        .split("\n")
        .map((line) => (JSON.parse(line) as { event: string }).event)
    : [];

test("prepared, decided, completed: the same as a confirm at once; and each may be asked again", async (t) => {
  const agent = await switched(t);
  await prepareConfirm(agent, "shop", "apply-2");
  assert.deepEqual([(await readState(agent, "shop"))?.applyId, agent.calls], ["apply-1", []], "no effect yet");
  assert.deepEqual([decide(agent), decide(agent)], [0, 0]);
  assert.equal((await readState(agent, "shop"))?.applyId, "apply-2");
  assert.equal((await confirm(agent, "shop", "apply-2")).generation, NEW);
  await confirm(agent, "shop", "apply-2");
  assert.deepEqual(
    [await enabledGenerations(agent, "shop"), await readPending(agent, "shop"), historyOf(agent)],
    [[NEW], undefined, ["confirmed"]],
  );
  assert.equal((await readState(agent, "shop"))?.previous, OLD);
});

test("what isn't prepared, or was undone since, can't be decided", async (t) => {
  const agent = await switched(t);
  assert.equal(decide(agent), 9);
  await prepareConfirm(agent, "shop", "apply-2");
  await goBack(agent, "shop", "reverted", "asked to");
  assert.equal(decide(agent), 9);
  assert.deepEqual([(await readState(agent, "shop"))?.applyId, historyOf(agent)], ["apply-1", ["reverted"]]);
});

test("a generation that was well at its switch and no longer is can't be confirmed", async (t) => {
  const agent = await switched(t, { ready: false });
  agent.clock.nowMs = () => performance.now() * 100;
  await assert.rejects(prepareConfirm(agent, "shop", "apply-2"), /was healthy, but no longer is: 0 of 1 workers are ready/);
  assert.equal(decide(agent), 9);
});

for (const first of [false, true]) {
  const which = first ? "the first switch of a machine" : "a switch";
  test(`${which} that is decided, but whose rollout is gone, goes forward when its lease runs out`, async (t) => {
    const agent = await switched(t, { first });
    await prepareConfirm(agent, "shop", "apply-2");
    assert.equal(decide(agent), 0);
    assert.equal((await confirmedManifest(agent, "shop"))?.generation, NEW);
    assert.match(await goBack(agent, "shop", "reverted", "its lease ran out"), new RegExp(`generation ${NEW} .* confirmed already`));
    assert.deepEqual(
      [await enabledGenerations(agent, "shop"), historyOf(agent), agent.running.has(unit(NEW))],
      [[NEW], ["confirmed"], true],
    );
  });

  test(`${which} that is decided, then a boot: the links are completed, and history says confirmed`, async (t) => {
    const agent = await switched(t, { first });
    await prepareConfirm(agent, "shop", "apply-2");
    assert.equal(decide(agent), 0);
    agent.boot = "boot-2";
    await converge(agent);
    assert.deepEqual([await enabledGenerations(agent, "shop"), historyOf(agent)], [[NEW], ["confirmed"]]);
    assert.match(readFileSync(agent.paths.unit("shop.socket"), "utf8"), new RegExp(`Service=${unit(NEW)}`));
  });
}

test("a boot that started what was before a completed confirm: the confirmed one is started, then the other one stopped", async (t) => {
  const agent = await switched(t);
  await prepareConfirm(agent, "shop", "apply-2");
  assert.equal(decide(agent), 0);
  agent.boot = "boot-2";
  await converge(agent);
  agent.running.clear();
  agent.running.add(unit(OLD));
  await settle(agent, "shop");
  assert.deepEqual([...agent.running], [unit(NEW)]);
});

test("a switch that is prepared, then a boot: the machine stays on what was confirmed", async (t) => {
  const agent = await switched(t);
  await prepareConfirm(agent, "shop", "apply-2");
  agent.boot = "boot-2";
  await converge(agent);
  assert.deepEqual([decide(agent), await enabledGenerations(agent, "shop"), historyOf(agent)], [9, [OLD], ["reverted"]]);
});

const options = { applyId: "apply-3", leaseMs: 1_000, surge: "auto" } as const;

test("a switch by hand is refused while another one's lease runs", async (t) => {
  const agent = await switched(t);
  await assert.rejects(switchTo(agent, oldManifest, options), (error: { exitCode: number; message: string }) => {
    assert.deepEqual([error.exitCode, /apply apply-2\) awaits its confirm/.test(error.message)], [4, true]);
    return true;
  });
  assert.equal((await readPending(agent, "shop"))?.applyId, "apply-2");
});

test("a switch is refused while another rollout holds the machine", async (t) => {
  const agent = await switched(t);
  await takeHold(agent, "shop", { rollout: "r-anna", who: "anna@desk", leaseMs: 5_000, takeOver: false });
  await assert.rejects(switchTo(agent, oldManifest, { ...options, rollout: "r-ben" }), /anna@desk holds this machine/);
});

test("who has taken over replaces the switch that was left behind: it can't be decided any more, and history tells its end", async (t) => {
  const agent = await switched(t);
  await prepareConfirm(agent, "shop", "apply-2");
  await takeHold(agent, "shop", { rollout: "r-ben", who: "ben@train", leaseMs: 5_000, takeOver: true });
  await switchTo(agent, newManifest, { ...options, rollout: "r-ben" }).catch(() => undefined);
  assert.equal(decide(agent), 9);
  assert.equal(historyOf(agent)[0], "reverted");
});
