/** Steps that run once for a release: their unit, their record, and what a death in the middle leaves. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { runOnce } from "../../../runtime/agent/once.ts";
import { judgeEnd, markerOf, noteOnce, onceRecords, parseRecords } from "../../../runtime/agent/once-records.ts";
import { quoteWord, renderOnceUnit } from "../../../runtime/agent/once-unit.ts";
import { unitNames } from "../../../runtime/agent/paths.ts";
import { renderGenerationUnit } from "../../../runtime/agent/units.ts";
import { fingerprintOf, generationOf } from "../../../runtime/manifest.ts";
import { until } from "../../support/poll.ts";
import { type FakeAgent, fakeAgent } from "./fake-agent.ts";
import { sampleManifest } from "./sample-manifest.ts";

const step = { name: "migrate", command: ["python3", "-m", "alembic", "upgrade", "head"], repeatable: false, timeoutMs: 60_000 };
const manifest = sampleManifest({ app: { once: [step], memoryMaxMiB: 512 } });
const release = manifest.app.release.id;
const entry = { attempt: "a1", release, step: "migrate", on: "m1" };
const unit = unitNames.once("shop", release, "migrate");

function staged(agent: FakeAgent): void {
  const path = join(agent.paths.generation("shop", generationOf(manifest)), "manifest.json");
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify(manifest));
}

test("a step's unit has the user, environment, limits and hardening of the generation's, and nothing of serving", () => {
  const text = renderOnceUnit(manifest, step, "/var/lib/fleetwright/shop/once-a1.done");
  const lines = new Set(text.split("\n"));
  const serving =
    /^(Type|NotifyAccess|Sockets|ExecStart|ExecReload|RuntimeDirectory|RuntimeDirectoryMode|Timeout.*Sec|WatchdogSec|Restart|RestartSec)=/;
  const service = renderGenerationUnit(manifest).split("[Service]\n")[1]?.split("\n[Install]")[0]?.split("\n") ?? [];
  for (const line of service.filter((one) => one !== "" && !one.startsWith("#") && !serving.test(one))) assert.ok(lines.has(line), line);
  assert.ok(lines.has("MemoryMax=512M") && lines.has("Type=oneshot") && lines.has("TimeoutStartSec=60000ms"));
  assert.doesNotMatch(text, /Sockets=|WatchdogSec=|Restart=|RuntimeDirectory=|\[Install\]/);
});

test("words reach the program as they are, whatever is in them", () => {
  assert.equal(quoteWord('a "b" $c %d \\e\nf'), '"a \\"b\\" $$c %%d \\\\e\\nf"');
});

test("its programs are found as a worker's are, the app's own environment after them", () => {
  const text = renderOnceUnit(manifest, step, "/marker");
  const words = /^ExecStart=(.*)$/m.exec(text)?.[1] ?? "";
  // Undone as systemd does it, then run by a real shell.
  const [, , script = ""] = [...words.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, word = ""]) =>
    word.replaceAll(/\\(.)/g, "$1").replaceAll("$$", "$"),
  );
  const show = ["-c", script, "sh", "/bin/sh", "-c", 'echo "$PATH|$PYTHONPATH|$*"', "x", "one", "two words"];
  const seen = execFileSync("/bin/sh", show, { env: { PATH: "/usr/bin:/bin", PYTHONPATH: "/own" }, encoding: "utf8" });
  assert.match(
    seen,
    /release\/app\/node_modules\/\.bin:.*\/bin:\/usr\/bin:\/bin\|.*release\/app:.*release\/python:\/own\|one two words\n$/,
  );
});

test("it is on record before it runs and after it, and leaves no unit behind", async (t) => {
  const agent = fakeAgent(t);
  staged(agent);
  const atStart: unknown[] = [];
  const { run } = agent;
  agent.run = async (command, args, options) => {
    if (args[0] === "start")
      atStart.push((await onceRecords(agent, "shop", release, "other"))[0]?.state, existsSync(agent.paths.unit(unit)));
    return run(command, args, options);
  };
  await runOnce(agent, manifest, { step: "migrate", attempt: "a1" });
  assert.deepEqual(atStart, ["started", true]);
  assert.deepEqual(await onceRecords(agent, "shop", release, "m1"), [{ ...entry, state: "done" }]);
  assert.ok(!existsSync(agent.paths.unit(unit)));
});

test("a step that fails says its last lines, and is on record as ended by itself", async (t) => {
  const agent = fakeAgent(t);
  staged(agent);
  failing(agent, "exit-code");
  await assert.rejects(
    runOnce(agent, manifest, { step: "migrate", attempt: "a1" }),
    (error: { message: string; log: string[]; kept: string }) => {
      assert.match(error.message, /migrate ended with exit code 1/);
      assert.deepEqual([error.log, error.kept], [["relation exists"], "everything; nothing was switched"]);
      return true;
    },
  );
  assert.equal((await onceRecords(agent, "shop", release, "m1"))[0]?.state, "failed");
});

test("a step that was killed by its timeout has died in the middle", async (t) => {
  const agent = fakeAgent(t);
  staged(agent);
  failing(agent, "timeout");
  await assert.rejects(runOnce(agent, manifest, { step: "migrate", attempt: "a1" }), /wasn't done after 60000 ms/);
  assert.equal((await onceRecords(agent, "shop", release, "m1"))[0]?.state, "died");
  assert.deepEqual(
    ["exit-code", "signal", "oom-kill"].map((result) => judgeEnd({ result })),
    ["failed", "died", "died"],
  );
});

test("what became of a step whose agent died is looked into, on the machine it ran on only", async (t) => {
  const agent = fakeAgent(t);
  await noteOnce(agent, "shop", { ...entry, state: "started" });
  assert.equal((await onceRecords(agent, "shop", release, "m2"))[0]?.state, "started");
  assert.equal((await onceRecords(agent, "shop", release, "m1"))[0]?.state, "died");
  agent.running.add(unit);
  assert.equal((await onceRecords(agent, "shop", release, "m1"))[0]?.state, "running");
  agent.running.clear();
  writeFileSync(markerOf(agent, "shop", "a1"), "");
  assert.equal((await onceRecords(agent, "shop", release, "m1"))[0]?.state, "done");
});

test("an attempt that was begun by somebody else is waited for, and never begun again, also when it has ended by now", async (t) => {
  for (const [end, expected] of [
    ["done", "done"],
    ["failed", "failed"],
    ["died", "died"],
  ] as const) {
    const agent = fakeAgent(t);
    staged(agent);
    await noteOnce(agent, "shop", { ...entry, state: "started" });
    agent.running.add(unit);
    const joined = runOnce(agent, manifest, { step: "migrate", attempt: "a1" }).then(
      ({ state }) => state,
      (error: { step: string }) => error.step,
    );
    await until("it waits", () => agent.steps.some((text) => /was begun already; waiting for its end/.test(text)), 10_000);
    // Its first agent, which outlived its operator, is the first to say so; or nobody says anything.
    if (end !== "died") await noteOnce(agent, "shop", { ...entry, state: end });
    agent.running.delete(unit);
    assert.equal(await joined, end === "done" ? "done" : "once");
    assert.equal((await onceRecords(agent, "shop", release, "m1"))[0]?.state, expected);
    assert.ok(!agent.calls.some((call) => call.startsWith("start")), agent.calls.join(", "));
  }
});

test("an end that another agent writes down while this one looks counts, though the unit and its marker are gone by then", async (t) => {
  const agent = fakeAgent(t);
  await noteOnce(agent, "shop", { ...entry, state: "started" });
  const { run } = agent;
  agent.run = async (command, args, options) => {
    if (command === "systemctl" && args[0] === "show") await noteOnce(agent, "shop", { ...entry, state: "done" });
    return run(command, args, options);
  };
  assert.equal((await onceRecords(agent, "shop", release, "m1"))[0]?.state, "done");
});

test("of two agents that saw a step's end the second, which found its unit cleared away, changes nothing of what is known", async (t) => {
  const agent = fakeAgent(t);
  staged(agent);
  const { run } = agent;
  agent.run = async (command, args, options) => {
    if (command !== "systemctl" || args[0] !== "start") return run(command, args, options);
    await noteOnce(agent, "shop", { ...entry, state: "failed" });
    return { code: 1, stdout: "", stderr: "" };
  };
  await assert.rejects(runOnce(agent, manifest, { step: "migrate", attempt: "a1" }), /migrate ended with an error/);
  await noteOnce(agent, "shop", { ...entry, state: "died" });
  assert.equal((await onceRecords(agent, "shop", release, "m1"))[0]?.state, "failed");
});

test("while a step of another release still runs, none is begun", async (t) => {
  const agent = fakeAgent(t);
  staged(agent);
  await noteOnce(agent, "shop", { ...entry, release: "f".repeat(64), attempt: "a0", state: "started" });
  agent.running.add(unitNames.once("shop", "f".repeat(64), "migrate"));
  await assert.rejects(
    runOnce(agent, manifest, { step: "migrate", attempt: "a1" }),
    /of release ffffffff, which a rollout began that is gone, still runs/,
  );
  assert.ok(!agent.calls.some((call) => call.startsWith("start")));
});

test("a step that ended by itself with nobody there has failed; one that was killed has died", async (t) => {
  const agent = fakeAgent(t);
  await noteOnce(agent, "shop", { ...entry, state: "started" });
  for (const [result, state] of [
    ["exit-code", "failed"],
    ["signal", "died"],
  ] as const) {
    failing(agent, result);
    assert.equal((await onceRecords(agent, "shop", release, "m1"))[0]?.state, state);
  }
});

test("a line that a power cut left half-written, and other releases' steps, say nothing", async (t) => {
  const agent = fakeAgent(t);
  await noteOnce(agent, "shop", { ...entry, state: "done" });
  await noteOnce(agent, "shop", { ...entry, attempt: "a2", release: "f".repeat(64), state: "done" });
  appendFileSync(agent.paths.record("shop", "once.jsonl"), '{"attempt":"a3","rel');
  assert.deepEqual(
    (await onceRecords(agent, "shop", release, "m1")).map(({ attempt }) => attempt),
    ["a1"],
  );
  assert.deepEqual(parseRecords("[1]\n\nnonsense"), []);
});

test("a new step is a difference, but no new generation", () => {
  const without = sampleManifest({ app: { memoryMaxMiB: 512 } });
  assert.equal(generationOf(manifest), generationOf(without));
  assert.notEqual(fingerprintOf(manifest), fingerprintOf(without));
});

function failing(agent: FakeAgent, result: string): void {
  const { run } = agent;
  agent.run = async (command, args, options) => {
    if (command === "systemctl" && args[0] === "start") return { code: 1, stdout: "", stderr: "" };
    if (command === "journalctl" && args[0] === `_SYSTEMD_UNIT=${unit}`) return { code: 0, stdout: "relation exists\n", stderr: "" };
    if (command === "systemctl" && args[0] === "show")
      return { code: 0, stdout: `Id=${unit}\nActiveState=failed\nResult=${result}\nExecMainStatus=1\nNRestarts=0`, stderr: "" };
    return run(command, args, options);
  };
}
