import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { CODE_VARIABLE } from "../../../infra/cli/recovery/ask-code.ts";
import { newRecoveryKey, sealTo } from "../../../infra/recovery/key.ts";
import { RecoveryKey } from "../../../infra/recovery/opened-key.ts";
import { placeOfFile, putBackFiles, putBackLines } from "../../../infra/recovery/put-back.ts";
import type { RecoverySet } from "../../../infra/recovery/set.ts";
import { openStore } from "../../../infra/recovery/store/open.ts";
import type { RecoveryStore } from "../../../infra/recovery/store/store.ts";
import { BACKUP_VARIABLE } from "../../../infra/rollout/acme-backups.ts";
import { sampleSet } from "./samples.ts";

describe("files out of the store", () => {
  const before_ = { ...process.env };
  let folder: string;
  let store: RecoveryStore;
  let set: RecoverySet;
  let code: string;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "fleetwright-put-back-"));
    Object.assign(process.env, { HOME: join(folder, "home"), [BACKUP_VARIABLE]: join(folder, "acme") });
    store = await openStore(join(folder, "store"));
    const made = await newRecoveryKey();
    code = made.code;
    process.env[CODE_VARIABLE] = code;
    const sealed = await store.putBytes(await sealTo(made.key.recipient, Buffer.from("the login key\n")));
    const elsewhere = await store.putBytes(await sealTo(made.key.recipient, Buffer.from("another\n")));
    set = sampleSet({
      files: [
        { kind: "own", name: "~/.ssh/fleet", object: sealed },
        { kind: "own", name: join(folder, "etc/key"), object: elsewhere },
        { kind: "acme", name: "0123/web-1.json", object: await store.putBytes(Buffer.from("sealed by the account")) },
        { kind: "acme", name: "../escaped.json", object: sealed },
      ],
    });
    await store.writeKey(set, Buffer.from(made.key.wrapped));
  });
  afterEach(() => {
    for (const key of [CODE_VARIABLE, BACKUP_VARIABLE, "HOME"]) delete process.env[key];
    Object.assign(process.env, before_);
    rmSync(folder, { recursive: true });
  });

  const putBack = async (about: { check?: boolean; homeOnly?: boolean } = {}): Promise<string> => {
    const key = new RecoveryKey(store, set);
    return putBackLines(await putBackFiles(set.files, { store, key, check: false, homeOnly: false, ...about })).join("\n");
  };
  const key = (): string => join(folder, "home/.ssh/fleet");

  test("one that was sealed to a key of before is told, and stops nothing; where it is there, it stays", async () => {
    const { key: older } = await newRecoveryKey();
    const [own] = set.files;
    assert.ok(own !== undefined);
    own.object = await store.putBytes(await sealTo(older.recipient, Buffer.from("of before\n")));
    const told = await putBack();
    assert.match(told, /WARNING: .*home\/\.ssh\/fleet is missing here, and sealed in the store to a key of before/);
    assert.match(told, /etc\/key: put back/);
    mkdirSync(join(folder, "home/.ssh"), { recursive: true });
    writeFileSync(key(), "mine\n");
    assert.doesNotMatch(await putBack(), /fleet/);
    assert.equal(readFileSync(key(), "utf8"), "mine\n");
  });

  test("come back where they are missing, for their owner alone, and are told", async () => {
    const told = await putBack();
    assert.match(told, /home\/\.ssh\/fleet: put back.*\n.*etc\/key: put back.*\nACME certificates of 1 machine: put back/);
    assert.equal(readFileSync(key(), "utf8"), "the login key\n");
    assert.equal(statSync(key()).mode & 0o777, 0o600);
    assert.equal(statSync(join(folder, "home/.ssh")).mode & 0o777, 0o700);
    assert.equal(readFileSync(join(folder, "acme/0123/web-1.json"), "utf8"), "sealed by the account");
    assert.equal(await putBack(), "");
  });

  test("that are there stay as they are; one that differs is told", async () => {
    mkdirSync(join(folder, "home/.ssh"), { recursive: true });
    writeFileSync(key(), "a newer key\n");
    mkdirSync(join(folder, "acme/0123"), { recursive: true });
    writeFileSync(join(folder, "acme/0123/web-1.json"), "newer");
    assert.match(await putBack(), /WARNING: \S+\.ssh\/fleet is another one than the store's, and stays/);
    assert.equal(readFileSync(key(), "utf8"), "a newer key\n");
    assert.equal(readFileSync(join(folder, "acme/0123/web-1.json"), "utf8"), "newer");
  });

  test("that are sealed wait for the code, and nobody is asked for it", async () => {
    delete process.env[CODE_VARIABLE];
    assert.match(await putBack(), /WARNING: \S+\.ssh\/fleet is missing here, and sealed in the store: with FLEETWRIGHT_RECOVERY_CODE/);
    assert.ok(!existsSync(key()));
    assert.ok(existsSync(join(folder, "acme/0123/web-1.json")));
  });

  test("are only looked for by --check; a drill takes those of the home alone, which is its own", async () => {
    assert.match(await putBack({ check: true }), /\.ssh\/fleet: missing here, would[^]*ACME certificates of 1 machine: missing/);
    assert.ok(!existsSync(key()) && !existsSync(join(folder, "acme")));
    await putBack({ homeOnly: true });
    assert.ok(existsSync(key()) && !existsSync(join(folder, "etc/key")));
  });

  test("never land outside of their folder", () => {
    const environment = { [BACKUP_VARIABLE]: "/data/acme" };
    const place = (name: string): string | undefined => placeOfFile({ kind: "acme", name }, environment, "/home/ann");
    assert.equal(place("0123/web-1.json"), "/data/acme/0123/web-1.json");
    for (const name of ["../x.json", "0123/../../x.json", "/etc/x.json", ".."]) assert.equal(place(name), undefined);
  });
});
