import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { openStore } from "../../../infra/recovery/store/open.ts";
import { sampleSet } from "../recovery/samples.ts";

const lock = "e".repeat(64);
const platform = `${process.platform}-${process.arch}`;

interface Where {
  root: string;
  from: string;
  lock: string;
  mark: string;
}

describe("packages out of a store, before there are any", async () => {
  // Plain JavaScript, which has no types of its own.
  const path: string = "../../../infra/cli/packages-of-store.mjs";
  const { takePackages } = (await import(path)) as { takePackages: (where: Where) => Promise<string | undefined> };
  let folder: string;
  let object: { sha256: string; bytes: number };
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "fleetwright-packages-"));
    mkdirSync(join(folder, "modules/one"), { recursive: true });
    writeFileSync(join(folder, "modules/one/package.json"), "{}");
    execFileSync("tar", ["-C", join(folder, "modules"), "-czf", join(folder, "packages.tgz"), "."]);
    const bytes = readFileSync(join(folder, "packages.tgz"));
    object = { sha256: createHash("sha256").update(bytes).digest("hex"), bytes: bytes.length };
    const store = await openStore(join(folder, "store"));
    await store.putBytes(bytes);
    await store.putSet(sampleSet({ tools: [{ name: "packages", version: lock, platform, archive: object }] }));
    mkdirSync(join(folder, "clone"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const take = (about: Partial<Where> = {}): Promise<string | undefined> => {
    const root = join(folder, "clone");
    return takePackages({ root, from: join(folder, "store"), lock, mark: join(root, "node_modules/.fleetwright-lock"), ...about });
  };
  const installed = (): boolean => existsSync(join(folder, "clone/node_modules/one/package.json"));

  test("are unpacked and marked for the lock file", async () => {
    assert.equal(await take(), undefined);
    assert.ok(installed());
    assert.equal(readFileSync(join(folder, "clone/node_modules/.fleetwright-lock"), "utf8"), lock);
  });

  test("of another lock file aren't taken", async () => {
    assert.match((await take({ lock: "f".repeat(64) })) ?? "", /has no packages for this clone's package-lock\.json/);
    assert.ok(!installed());
  });

  test("that are spoiled aren't taken, nor those of a set that was changed", async () => {
    const path = join(folder, "store/objects", object.sha256.slice(0, 2), object.sha256);
    writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.from("x")]));
    assert.match((await take()) ?? "", /are spoiled/);
    assert.ok(!installed());
    const [set] = execFileSync("find", [join(folder, "store/sets"), "-name", "*.json"], { encoding: "utf8" })
      .trim()
      .split("\n");
    writeFileSync(set ?? "", readFileSync(set ?? "", "utf8").replace("ann@laptop", "eve@laptop"));
    assert.match((await take()) ?? "", /has no packages/);
  });

  test("that aren't there, and stores that are none, are told", async () => {
    rmSync(join(folder, "store/objects"), { recursive: true });
    assert.match((await take()) ?? "", /can't be read for the npm packages: objects\/\S+ is not there/);
    assert.match((await take({ from: "ftp://host/path" })) ?? "", /"ftp" is no kind of store/);
    assert.match((await take({ from: "ssh://host/path" })) ?? "", /must pin the host's key/);
    assert.ok(!installed());
  });
});
