import assert from "node:assert/strict";
import { test } from "node:test";
import { columns } from "../../../infra/rollout/progress.ts";

test("progress stands in columns, and a step that was told is not told again", () => {
  const lines: string[] = [];
  const say = columns(["web-1", "database-1"], (line) => lines.push(line));
  say("web-1", "health", "GET / answered 200");
  say("database-1", "preflight", "this machine can take it");
  say("web-1", "health", "GET / answered 200");
  assert.deepEqual(lines, ["web-1       health      GET / answered 200", "database-1  preflight   this machine can take it"]);
});
