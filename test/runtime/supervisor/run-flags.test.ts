import assert from "node:assert/strict";
import { test } from "node:test";
import { Command } from "commander";
import { registerRun } from "../../../runtime/supervisor/command.ts";
import { optionGroups, readRunFlags } from "../../../runtime/supervisor/run-flags.ts";

/** What commander makes of the same words. */
function byCommander(args: readonly string[]): unknown {
  const program = new Command().exitOverride().configureOutput({ writeErr: () => {}, writeOut: () => {} });
  registerRun(program);
  let read: unknown;
  const run = program.commands[0]?.exitOverride().action((command: string[], flags: object) => {
    read = command.length === 0 ? { ...flags } : { ...flags, command };
  });
  assert.ok(run);
  try {
    program.parse(["run", ...args], { from: "user" });
  } catch {
    return null;
  }
  return read;
}

const every = optionGroups.flatMap(({ options }) => options.flatMap(([flag]) => flag.replace(/<.*>/, "7").split(" ")));

const correct: readonly (readonly string[])[] = [
  [],
  every,
  ["--node", "server.ts", "--workers=4", "--port", "0"],
  ["--port", "1", "--port", "2", "--access-log"],
  ["--app-dir", "/a b", "--", "./server", "--port", "{port}", "--help"],
  ["./server", "{fd}", "--workers", "2"],
  ["--socket", ""],
];
for (const args of correct) {
  test(`read as commander reads it: run ${args.join(" ").slice(0, 60)}`, () => {
    assert.deepEqual({ ...readRunFlags(args) }, byCommander(args));
  });
}

const notPlain: readonly (readonly string[])[] = [
  ["--help"],
  ["-h"],
  ["--prot", "1"],
  ["--port"],
  ["--port", "-1"],
  ["--access-log=1"],
  ["-x"],
];
for (const args of notPlain) {
  test(`left to commander: run ${args.join(" ")}`, () => assert.equal(readRunFlags(args), null));
}
