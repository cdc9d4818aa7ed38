/** Backups on the operator's computer: taken when a machine has something else than what is kept, and only if they can be opened. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { newAccountKey } from "../../../infra/rollout/acme-account.ts";
import { BACKUP_VARIABLE, backUp, readBackup } from "../../../infra/rollout/acme-backups.ts";
import type { PlannedMachine } from "../../../infra/rollout/plan.ts";
import { seal } from "../../../runtime/seal.ts";
import { manifest, observed, reportOf } from "../../support/samples.ts";

const folder = mkdtempSync(join(tmpdir(), "fleetwright-backups-"));
process.env[BACKUP_VARIABLE] = folder;
after(() => rmSync(folder, { recursive: true }));

const accountKey = newAccountKey();
const machine = { name: "web-1", manifest: manifest() } as PlannedMachine;
const reporting = (acmeStorage?: string) => observed(reportOf(machine.manifest, acmeStorage === undefined ? {} : { acmeStorage }));

/** A machine's answers, and how often it was asked. */
function answering(answer: object, code = 0) {
  const asked: string[] = [];
  const run = async (command: string) => {
    asked.push(command);
    return { code, stdout: JSON.stringify(answer), stderr: "" };
  };
  return { asked, connect: () => ({ run }) };
}

test("what a machine has is kept, for the operator alone, and not asked for again", async () => {
  const { asked, connect } = answering({ schema: 1, hash: "one", sealed: seal("storage", accountKey) });
  await backUp({ tls: { accountKey } }, machine, reporting("one"), connect);
  await backUp({ tls: { accountKey } }, machine, reporting("one"), connect);
  assert.equal(asked.length, 1);
  assert.match(asked[0] ?? "", /acme-backup --app shop/);
  const [account = ""] = readdirSync(folder);
  assert.match(account, /^[0-9a-f]{16}$/);
  assert.equal(statSync(join(folder, account, "web-1.json")).mode & 0o777, 0o600);
  assert.ok(!readFileSync(join(folder, account, "web-1.json"), "utf8").includes('storage"'));
  await backUp({ tls: { accountKey } }, machine, reporting("two"), connect);
  assert.equal(asked.length, 2);
});

test("another account's, a machine without certificates and a fleet without an issuer leave what is kept", async () => {
  const before = readBackup(accountKey, "web-1");
  const foreign = answering({ schema: 1, hash: "three", sealed: seal("storage", newAccountKey()) });
  await backUp({ tls: { accountKey } }, machine, reporting("three"), foreign.connect);
  const failing = answering({}, 1);
  await backUp({ tls: { accountKey } }, machine, reporting("three"), failing.connect);
  await backUp({ tls: { accountKey } }, machine, reporting(), failing.connect);
  await backUp({}, machine, reporting("three"), failing.connect);
  assert.deepEqual([foreign.asked.length, failing.asked.length], [1, 1]);
  assert.ok(before !== undefined);
  assert.equal(readBackup(accountKey, "web-1"), before);
  assert.equal(readBackup(newAccountKey(), "web-1"), undefined);
});
