import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryMiB, oomKillWatch } from "../../../runtime/supervisor/memory.ts";

const vmstat = (kills: number): string => `nr_free_pages 1\noom_kill ${kills}\nnuma_hit 2\n`;

test("an out-of-memory kill is told once, to the first death after it", () => {
  let text = vmstat(5);
  const killed = oomKillWatch(() => text);
  assert.equal(killed(), false, "what was killed before the supervisor started is no matter");
  text = vmstat(6);
  assert.deepEqual([killed(), killed()], [true, false]);
  text = vmstat(9);
  assert.deepEqual([killed(), killed()], [true, false]);
});

test("a kernel that doesn't count, and one that can't be read, have killed nobody", () => {
  for (const text of ["", "nr_free_pages 1\n", "oom_kill many\n", "oom_kill_disable 0\n"]) {
    const killed = oomKillWatch(() => text);
    assert.deepEqual([killed(), killed()], [false, false], text);
  }
});

test("a counter that begins anew is no kill", () => {
  let text = vmstat(5);
  const killed = oomKillWatch(() => text);
  text = vmstat(0);
  assert.equal(killed(), false);
  text = vmstat(1);
  assert.equal(killed(), true);
});

test("this process's memory is read, and that of nobody is not", () => {
  const ours = memoryMiB(process.pid);
  assert.ok(ours !== null && ours > 10 && ours < 2_000, `${ours} MiB`);
  assert.equal(memoryMiB(2 ** 22 + 1), null);
});
