import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import type { SshTransport } from "../../../../infra/machines/machine.ts";
import { SESSIONS_VARIABLE, sharedControl, shareSessions } from "../../../../infra/rollout/transports/shared-sessions.ts";

const transport: SshTransport = { kind: "ssh", host: "192.0.2.1", port: 22, user: "root", hostKey: "ssh-ed25519 AAAA" };

function sharing(t: TestContext): { folder: string; end: () => void } {
  const end = shareSessions();
  t.after(() => existsSync(process.env[SESSIONS_VARIABLE] ?? "") && end());
  return { folder: process.env[SESSIONS_VARIABLE] ?? assert.fail("nothing is shared"), end };
}

test("without anybody who shares, each session has a connection of its own", () => {
  assert.equal(sharedControl(transport), undefined);
});

test("the same machine has the same connection in each process; anything that is checked at a login makes another", (t) => {
  const { folder } = sharing(t);
  const path = sharedControl(transport) ?? assert.fail();
  assert.equal(dirname(path), folder);
  assert.equal(sharedControl({ ...transport }), path);
  for (const other of [{ host: "192.0.2.2" }, { user: "admin" }, { hostKey: "ssh-ed25519 BBBB" }, { privateKeyFile: "~/.ssh/other" }]) {
    assert.notEqual(sharedControl({ ...transport, ...other }), path);
  }
  assert.match(basename(path), /^[\w-]{12}$/);
});

test("a folder that others may write to, or whose path is too long for a socket, is not used", (t) => {
  const { folder } = sharing(t);
  chmodSync(folder, 0o770);
  assert.equal(sharedControl(transport), undefined);
  chmodSync(folder, 0o700);
  const long = join(folder, "a".repeat(80));
  mkdirSync(long, { mode: 0o700 });
  assert.equal(sharedControl(transport, { [SESSIONS_VARIABLE]: long }), undefined);
});

test("at the end nothing is left, and nothing is shared any more; whoever starts below somebody who shares joins", (t) => {
  const { folder, end } = sharing(t);
  shareSessions()();
  assert.ok(existsSync(folder), "not one's own to end");
  end();
  assert.ok(!existsSync(folder));
  assert.equal(sharedControl(transport), undefined);
});
