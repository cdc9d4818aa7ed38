import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { Command } from "commander";
import { registerAgent } from "../../../runtime/agent/command.ts";
import type { AgentFailure } from "../../../runtime/agent/failure.ts";
import { run } from "../../../runtime/agent/run.ts";
import { fakeAgent } from "./fake-agent.ts";

test("the lock is held until a command has ended, not only until it has begun", { timeout: 60_000 }, async (t) => {
  t.after(() => {
    process.exitCode = undefined;
  });
  const agent = fakeAgent(t);
  const systemctl = agent.run;
  const gate = Promise.withResolvers<void>();
  agent.run = async (command, args, options) => {
    if (command === "flock") return run(command, args, options);
    await gate.promise;
    return systemctl(command, args, options);
  };
  const failures: AgentFailure[] = [];
  agent.report.failed = (failure) => failures.push(failure);
  const revert = () => {
    const program = new Command();
    registerAgent(program, () => agent);
    return program.parseAsync(["revert", "--app", "shop"], { from: "user" });
  };
  const first = revert();
  await untilHeld(agent.paths.lock);
  await revert();
  assert.deepEqual(
    failures.map(({ exitCode }) => exitCode),
    [4],
  );
  gate.resolve();
  await first;
});

/** The holder writes its name into the lock. */
async function untilHeld(lock: string): Promise<void> {
  const deadlineMs = performance.now() + 5000;
  while (!(existsSync(lock) && readFileSync(lock, "utf8").startsWith("revert"))) {
    assert.ok(performance.now() < deadlineMs, "the first command never took the lock");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
