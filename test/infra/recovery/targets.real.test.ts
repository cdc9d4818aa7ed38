/** The same of each kind of store: a folder, a host that answers SSH (a real sshd), a bucket (moto). */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { awsPlaceOf, currentAccount } from "../../../infra/recovery/account.ts";
import { writeScript } from "../../../infra/recovery/store/ssh.ts";
import { StoreFailure } from "../../../infra/recovery/store/files.ts";
import { objectName } from "../../../infra/recovery/store/layout.ts";
import { openStore } from "../../../infra/recovery/store/open.ts";
import type { RecoveryStore } from "../../../infra/recovery/store/store.ts";
import { testBucket } from "../../support/bucket.ts";
import { type SshServer, startSshServer } from "../offline/ssh-server.ts";
import { sampleSet } from "./samples.ts";

const folder = mkdtempSync(join(tmpdir(), "fleetwright-targets-"));
after(() => rmSync(folder, { recursive: true }));

const name = { project: "fleetwright", stack: "prod" };
const big = randomBytes(3_000_000);
const object = { sha256: createHash("sha256").update(big).digest("hex"), bytes: big.length };
const inFile = join(folder, "big");
writeFileSync(inFile, big);

const problemIs = (problem: string, text: RegExp) => (error: unknown) => {
  assert.ok(error instanceof StoreFailure && error.problem === problem, String(error));
  assert.match(error.message, text);
  return true;
};

/** What a store does, wherever it is. */
async function obeys(store: RecoveryStore): Promise<void> {
  assert.deepEqual([await store.setIds(name), await store.list(), await store.readKey(name)], [[], [], undefined]);
  assert.equal(await store.put(inFile, object), "stored");
  assert.equal(await store.put(inFile, object), "there");
  const out = join(folder, `out-${randomBytes(4).toString("hex")}`);
  await store.get(object, out);
  assert.ok(readFileSync(out).equals(big));
  const small = await store.putBytes(Buffer.from("it's 100 % small\n"));
  assert.equal((await store.getBytes(small)).toString(), "it's 100 % small\n");
  const listed = (await store.list()).toSorted((a, b) => b.bytes - a.bytes);
  assert.deepEqual(
    listed.map(({ sha256, bytes }) => ({ sha256, bytes })),
    [object, small],
  );
  assert.ok(
    listed.every(({ writtenAtMs }) => Math.abs(writtenAtMs - Date.now()) < 600_000),
    JSON.stringify(listed),
  );

  const older = await store.putSet(sampleSet({ createdAt: "2026-01-01T00:00:00.000Z" }));
  const newer = await store.putSet(sampleSet({ createdAt: "2026-02-01T00:00:00.000Z" }));
  assert.deepEqual(
    (await store.sets(name)).good.map(({ id }) => id),
    [newer, older],
  );
  assert.deepEqual(await store.stacks(), [name]);
  await store.writeKey(name, Buffer.from("wrapped"));
  assert.equal((await store.readKey(name))?.toString(), "wrapped");

  const spoiled = Buffer.from(big);
  spoiled[1_000_000] = (spoiled[1_000_000] ?? 0) ^ 1;
  await store.files.write(objectName(object.sha256), { bytes: spoiled });
  await assert.rejects(store.get(object, out), problemIs("spoiled", /other bytes/));
  assert.equal(await store.has(object), true, "the size alone doesn't show it");
  await store.delete(object.sha256);
  await store.delete(object.sha256);
  await assert.rejects(store.get(object, out), problemIs("missing", /is not there/));
  await store.deleteSet(name, newer);
  assert.deepEqual(await store.setIds(name), [older]);
  await store.close();
}

/** Within what a noisy computer takes to ask. */
async function skewIs(store: RecoveryStore, wantedMs: number): Promise<void> {
  const skewMs = await store.skewMs();
  await store.close();
  assert.ok(skewMs !== undefined && Math.abs(skewMs - wantedMs) < 30_000, `${skewMs} ms`);
}

test("a folder", async () => obeys(await openStore(join(folder, "it's a store"))));

describe("a host that answers SSH", () => {
  let server: SshServer;
  before(async () => {
    server = await startSshServer();
  });
  after(() => server.stop());

  const urlOf = (path: string, hostKey = server.hostKey): string => {
    const [type = "", key = ""] = hostKey.split(" ");
    return `ssh://${server.user}@127.0.0.1:${server.port}${encodeURI(path)}?hostKey=${type}:${key}&privateKeyFile=${server.privateKeyFile}`;
  };

  test("keeps a store", async () => obeys(await openStore(urlOf(join(folder, "over it's ssh")))));

  test("with another key than the pinned one is not talked to; nor is one that isn't there", async () => {
    const other = await startSshServer();
    try {
      await assert.rejects((await openStore(urlOf(folder, other.hostKey))).list(), problemIs("unreachable", /can't be reached/));
    } finally {
      await other.stop();
    }
    const gone = urlOf(folder).replace(`:${server.port}`, `:${other.port}`);
    await assert.rejects((await openStore(gone)).list(), problemIs("unreachable", /refused/));
  });

  test("a connection that breaks in the middle leaves what was there before, and nothing half", async () => {
    const place = join(folder, "broken");
    const store = await openStore(urlOf(place));
    await store.writeKey(name, Buffer.from("the one before"));
    // What sshd does then: the script's input ends early.
    const script = writeScript(join(place, "keys/fleetwright/prod.age"), object.sha256, "x");
    const child = spawn("sh", ["-c", script], { stdio: ["pipe", "ignore", "pipe"] });
    child.stdin.end(big.subarray(0, 1_000_000));
    const code = await new Promise((resolve) => child.on("close", resolve));
    assert.equal(code, 1);
    assert.equal((await store.readKey(name))?.toString(), "the one before");
    assert.deepEqual(readdirSync(join(place, "keys/fleetwright")), ["prod.age"]);
    await store.close();
  });

  test("tells its clock, also one that is wrong", async () => {
    const bin = join(folder, "bin");
    mkdirSync(bin);
    writeFileSync(join(bin, "date"), '#!/bin/sh\nexec /bin/date -d "-90 seconds" "$@"\n', { mode: 0o755 });
    const wrong = await startSshServer([`SetEnv PATH=${bin}:/usr/bin:/bin`]);
    try {
      const there = urlOf(folder, wrong.hostKey).replace(`:${server.port}`, `:${wrong.port}`);
      const url = there.replace(server.privateKeyFile, wrong.privateKeyFile);
      await skewIs(await openStore(url), -90_000);
      await skewIs(await openStore(urlOf(folder)), 0);
    } finally {
      await wrong.stop();
    }
  });

  test("a disk that takes nothing is told in its words", async () => {
    writeFileSync(join(folder, "no-folder"), "");
    const store = await openStore(urlOf(join(folder, "no-folder")));
    await assert.rejects(store.putBytes(Buffer.from("x")), problemIs("refused", /can't be written: .*not a directory/i));
    await store.close();
  });
});

describe("a bucket", () => {
  const { server, urlOf } = testBucket();

  test("keeps a store, also below a prefix", async () => {
    await obeys(await openStore(urlOf("store/fleets/shop")));
    await obeys(await openStore(urlOf("store")).then((store) => emptied(store)));
  });

  test("tells its clock, also one that is wrong", async () => {
    await skewIs(await openStore(urlOf("store")), 0);
    const wrong = createServer((_request, response) => {
      response.setHeader("date", new Date(Date.now() + 90_000).toUTCString());
      response.end("<ListBucketResult></ListBucketResult>");
    });
    await new Promise<void>((resolve) => wrong.listen(0, "127.0.0.1", resolve));
    try {
      const { port } = wrong.address() as AddressInfo;
      await skewIs(await openStore(`s3://store?region=eu-west-1&endpoint=http://127.0.0.1:${port}`), 90_000);
    } finally {
      wrong.close();
    }
  });

  test("and STS beside it: whose credentials these are, or why that isn't known", async () => {
    process.env.AWS_ENDPOINT_URL_STS = server().endpoint;
    const place = awsPlaceOf("", process.env);
    assert.deepEqual(await currentAccount(place), { id: "123456789012" });
    process.env.AWS_ENDPOINT_URL_STS = "http://127.0.0.1:9";
    const account = await currentAccount(place);
    delete process.env.AWS_ENDPOINT_URL_STS;
    assert.ok("why" in account && /ECONNREFUSED/.test(account.why), JSON.stringify(account));
  });

  test("that isn't there is told", async () => {
    await assert.rejects((await openStore(urlOf("nowhere"))).list(), problemIs("unreachable", /there is no bucket "nowhere"/));
  });
});

/** A store at the root of a bucket sees nothing of one below a prefix: its folders have other names. */
async function emptied(store: RecoveryStore): Promise<RecoveryStore> {
  assert.deepEqual(await store.list(), []);
  return store;
}
