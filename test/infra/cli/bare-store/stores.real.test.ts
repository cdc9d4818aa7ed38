/** The npm packages out of each kind of store, before there are any: a real sshd, and moto as the bucket. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { objectName } from "../../../../infra/recovery/store/layout.ts";
import { openStore } from "../../../../infra/recovery/store/open.ts";
import { testBucket } from "../../../support/bucket.ts";
import { startSshServer } from "../../offline/ssh-server.ts";
import { sampleSet } from "../../recovery/samples.ts";

// Plain JavaScript, which has no types of its own.
const path: string = "../../../../infra/cli/packages-of-store.mjs";
const { takePackages } = (await import(path)) as { takePackages: (where: Record<string, string>) => Promise<string | undefined> };

const lock = "e".repeat(64);
const platform = `${process.platform}-${process.arch}`;
const folder = mkdtempSync(join(tmpdir(), "fleetwright-bare-"));
after(() => rmSync(folder, { recursive: true }));

/** Larger than one chunk of anything. */
const big = randomBytes(3_000_000);
mkdirSync(join(folder, "modules/one"), { recursive: true });
writeFileSync(join(folder, "modules/one/big"), big);
execFileSync("tar", ["-C", join(folder, "modules"), "-czf", join(folder, "packages.tgz"), "."]);
const archive = readFileSync(join(folder, "packages.tgz"));
const object = { sha256: createHash("sha256").update(archive).digest("hex"), bytes: archive.length };

/** A newer set, which was changed, comes first. */
async function fill(url: string): Promise<void> {
  const store = await openStore(url);
  await store.putBytes(archive);
  await store.putSet(sampleSet({ tools: [{ name: "packages", version: lock, platform, archive: object }] }));
  await store.files.write("sets/fleetwright/prod/2099-0.json", { bytes: Buffer.from("{}") });
  await store.close();
}

async function takes(from: string): Promise<void> {
  const root = mkdtempSync(join(folder, "clone-"));
  const mark = join(root, "node_modules/.fleetwright-lock");
  assert.equal(await takePackages({ root, from, lock, mark }), undefined);
  assert.ok(readFileSync(join(root, "node_modules/one/big")).equals(big));
  assert.deepEqual(readdirSync(root), ["node_modules"]);
}

async function refuses(from: string, why: RegExp): Promise<void> {
  const root = mkdtempSync(join(folder, "clone-"));
  assert.match((await takePackages({ root, from, lock, mark: join(root, "mark") })) ?? "", why);
  assert.deepEqual(readdirSync(root), []);
}

/** Whole, then with other bytes, then without them. */
async function obeys(url: string, absent: RegExp): Promise<void> {
  await takes(url);
  const store = await openStore(url);
  await store.files.write(objectName(object.sha256), { bytes: big });
  await refuses(url, /are spoiled/);
  await store.delete(object.sha256);
  await refuses(url, absent);
  await store.close();
}

describe("over ssh", () => {
  let server: Awaited<ReturnType<typeof startSshServer>>;
  let other: Awaited<ReturnType<typeof startSshServer>>;
  before(async () => {
    server = await startSshServer();
    other = await startSshServer();
  });
  after(async () => {
    await server.stop();
    await other.stop();
  });

  const urlOf = (path: string, hostKey = server.hostKey): string => {
    const [type = "", key = ""] = hostKey.split(" ");
    return `ssh://${server.user}@127.0.0.1:${server.port}${encodeURI(path)}?hostKey=${type}:${key}&privateKeyFile=${server.privateKeyFile}`;
  };

  test("packages are taken, and what is spoiled or missing is told", async () => {
    const url = urlOf(join(folder, "over it's ssh"));
    await fill(url);
    await obeys(url, /can't be read .*No such file/);
  });

  test("a host with another key isn't talked to; a folder that isn't there is told", async () => {
    await refuses(urlOf(folder, other.hostKey), /can't be read .*[Hh]ost key/s);
    await refuses(urlOf(join(folder, "nowhere")), /can't be read .*(No such file|can't cd)/);
  });
});

describe("out of a bucket", () => {
  const { urlOf } = testBucket();

  test("packages are taken, also below a prefix that has to be encoded, and what is spoiled or missing is told", async () => {
    const url = urlOf(`store/${encodeURIComponent("it's a + prefix")}`);
    await fill(url);
    await obeys(url, /answered 404: NoSuchKey/);
  });

  test("a bucket that isn't there is told", async () => {
    await refuses(urlOf("nowhere"), /answered 404: NoSuchBucket/);
  });
});
