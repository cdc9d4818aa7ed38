import assert from "node:assert/strict";
import { test } from "node:test";
import { isStale } from "../../../infra/cli/stale-lock.ts";

const lock = (pid: number, hostname: string): string => JSON.stringify({ pid, hostname, username: "u", timestamp: "t" });
const here = { hostname: "laptop", isAlive: (pid: number) => pid === 1 };

test("only a lock of this computer whose process is gone is stale", () => {
  assert.equal(isStale(lock(2, "laptop"), here), true);
  assert.equal(isStale(lock(1, "laptop"), here), false);
  assert.equal(isStale(lock(2, "ci"), here), false);
  assert.equal(isStale("half a fi", here), false);
});
