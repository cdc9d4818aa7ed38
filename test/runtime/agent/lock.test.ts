import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { machineClock } from "../../../runtime/agent/context.ts";
import { takeLock, tryLock } from "../../../runtime/agent/lock.ts";
import { pathsUnder } from "../../../runtime/agent/paths.ts";
import { run } from "../../../runtime/agent/run.ts";

function locker(t: TestContext) {
  const root = mkdtempSync(join(tmpdir(), "fleetwright-lock-"));
  t.after(() => rmSync(root, { recursive: true }));
  return { root, agent: { paths: pathsUnder(root), run, clock: machineClock } };
}

test("the second is refused with exit code 4 and told who holds it", async (t) => {
  const { agent } = locker(t);
  await using _held = await takeLock(agent, "switch (apply 4711)");
  await assert.rejects(takeLock(agent, "stage"), (error: { exitCode: number; message: string }) => {
    assert.equal(error.exitCode, 4);
    assert.match(error.message, new RegExp(`switch \\(apply 4711\\), process ${process.pid}, since `));
    return true;
  });
});

test("who has patience gets it when its holder is done", async (t) => {
  const { agent } = locker(t);
  const held = await takeLock(agent, "switch (apply 4711)");
  const waiting = takeLock(agent, "stage", 60_000);
  setImmediate(() => void held[Symbol.asyncDispose]());
  await using lock = await waiting;
  assert.ok(lock);
});

test("it is free again after its holder is done", async (t) => {
  const { agent } = locker(t);
  {
    await using _held = await takeLock(agent, "first");
  }
  await using lock = await tryLock(agent, "second");
  assert.ok(lock);
});

test("a holder that was killed holds nothing", async (t) => {
  const { root, agent } = locker(t);
  const module = (name: string) => JSON.stringify(fileURLToPath(new URL(`../../../runtime/agent/${name}.ts`, import.meta.url)));
  const script = `
    const { takeLock } = await import(${module("lock")});
    const { pathsUnder } = await import(${module("paths")});
    const { run } = await import(${module("run")});
    const { machineClock } = await import(${module("context")});
    globalThis.held = await takeLock({ paths: pathsUnder(${JSON.stringify(root)}), run, clock: machineClock }, "doomed");
    console.log("held"); setInterval(() => 0, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", script], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  await new Promise((resolve) => child.stdout.once("data", resolve));
  assert.equal(await tryLock(agent, "while it lives"), undefined);
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await ended;
  await using lock = await tryLock(agent, "after it");
  assert.ok(lock);
});
