import assert from "node:assert/strict";
import { test } from "node:test";
import { type Circumstances, describeDeath, type Ending } from "../../../runtime/supervisor/deaths.ts";

const cases: readonly [title: string, Partial<Ending>, Partial<Circumstances>, reason: string, text: string][] = [
  ["a crash", { code: 1 }, {}, "crashed", "exited with code 1 after 12.3 s"],
  ["a signal", { signal: "SIGSEGV" }, {}, "crashed", "was ended by SIGSEGV after 12.3 s"],
  ["somebody's KILL", { signal: "SIGKILL" }, {}, "crashed", "was killed by SIGKILL by somebody after 12.3 s"],
  [
    "the kernel's KILL",
    { signal: "SIGKILL" },
    { oomKill: true },
    "outOfMemory",
    "was killed by SIGKILL, likely out of memory: the kernel has just killed a process for that, after 12.3 s",
  ],
  ["a crash while another process was killed for memory", { code: 1 }, { oomKill: true }, "crashed", "exited with code 1 after 12.3 s"],
  ["an end by itself", { code: 0 }, {}, "finished", "exited with code 0 after 12.3 s"],
  ["a failed boot", { code: 3 }, { wasReady: false }, "bootFailed", "exited with code 3 before it was ready, after 12.3 s"],
  ["code 0 before ready", { code: 0 }, { wasReady: false }, "bootFailed", "exited with code 0 before it was ready, after 12.3 s"],
  ["no such program", {}, { wasReady: false }, "bootFailed", "could not be started before it was ready, after 12.3 s"],
];

for (const [title, ending, circumstances, reason, text] of cases) {
  test(`death: ${title}`, () => {
    const death = describeDeath(
      { code: null, signal: null, ...ending },
      { wasReady: true, uptimeMs: 12_345, oomKill: false, ...circumstances },
    );
    assert.deepEqual([death.reason, death.text], [reason, text]);
    assert.equal(death.clean, reason === "finished");
  });
}
