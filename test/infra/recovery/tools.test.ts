import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { archivePath } from "../../../infra/rollout/archives.ts";
import { fetchArchives } from "../../../infra/recovery/artifacts.ts";
import { openStore } from "../../../infra/recovery/store/open.ts";
import type { RecoveryStore } from "../../../infra/recovery/store/store.ts";
import { bringTools, placeOfTool, toolsFor } from "../../../infra/recovery/tools.ts";

test("a tool goes where it is looked for; one of another platform doesn't", () => {
  const pulumi = { name: "pulumi", version: "3.1.0", platform: "linux-x64" };
  assert.equal(placeOfTool(pulumi, "linux-x64")?.path, "tools/pulumi-3.1.0-linux-x64/pulumi");
  assert.equal(placeOfTool(pulumi, "darwin-arm64"), undefined);
  assert.equal(placeOfTool({ name: "caddy", version: "2.1.0", platform: "linux-x64" }, "linux-x64")?.path, "tools/caddy-2.1.0-x64/caddy");
  assert.equal(placeOfTool({ name: "packages", version: "f".repeat(64), platform: "linux-x64" }, "linux-x64"), undefined);
});

describe("out of a store", () => {
  let folder: string;
  let store: RecoveryStore;
  const cache = process.env.FLEETWRIGHT_CACHE;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "fleetwright-tools-"));
    process.env.FLEETWRIGHT_CACHE = join(folder, "cache");
    store = await openStore(join(folder, "store"));
  });
  afterEach(() => {
    if (cache === undefined) delete process.env.FLEETWRIGHT_CACHE;
    else process.env.FLEETWRIGHT_CACHE = cache;
    rmSync(folder, { recursive: true });
  });

  const object = (text: string) => ({ sha256: createHash("sha256").update(text).digest("hex"), bytes: text.length });

  test("a program is there once, executable, and no download is tried beside it", async () => {
    const tools = [{ name: "pulumi", version: "3.1.0", platform: "linux-x64", archive: await store.putBytes(Buffer.from("#!/bin/sh\n")) }];
    assert.deepEqual(await bringTools(store, tools, "linux-x64"), ["pulumi 3.1.0"]);
    assert.equal(statSync(join(folder, "cache/tools/pulumi-3.1.0-linux-x64/pulumi")).mode & 0o777, 0o755);
    assert.ok(existsSync(join(folder, "cache/tools/no-download-of-command-1.2.1")));
    assert.deepEqual(await bringTools(store, tools, "linux-x64"), []);
  });

  const skip = process.getuid?.() !== 0;
  test("an image comes back with its owners and modes, whatever the umask; its archive is not kept", { skip }, async () => {
    const system = join(folder, "cache/images/trixie-0123456789abcdef");
    mkdirSync(join(system, "tmp"), { recursive: true });
    chmodSync(join(system, "tmp"), 0o1777);
    writeFileSync(join(system, "sudo"), "program");
    chownSync(join(system, "sudo"), 0, 107);
    chmodSync(join(system, "sudo"), 0o4750);
    const file = join(folder, "image.tar.gz");
    execFileSync("tar", ["-C", system, "--numeric-owner", "-czf", file, "."]);
    rmSync(system, { recursive: true });
    const archive = await store.putBytes(readFileSync(file));
    const tools = [{ name: "image-trixie", version: "trixie-0123456789abcdef", platform: "linux-x64", archive }];
    assert.deepEqual(toolsFor(tools, "bookworm"), { programs: [], images: [] });
    assert.deepEqual(await bringTools(store, toolsFor(tools, "trixie").images, "linux-x64"), ["image-trixie trixie-0123456789abcdef"]);
    assert.equal(statSync(join(system, "tmp")).mode & 0o7777, 0o1777);
    const { mode, gid } = statSync(join(system, "sudo"));
    assert.deepEqual([mode & 0o7777, gid], [0o4750, 107]);
    assert.ok(!existsSync(archivePath(archive.sha256)));
    assert.deepEqual(await bringTools(store, tools, "linux-x64"), []);
  });

  test("archives that are there and whole aren't fetched again; what a cut has left under the name is", async () => {
    const objects = [await store.putBytes(Buffer.from("one")), await store.putBytes(Buffer.from("two"))];
    assert.equal(await fetchArchives(store, objects), 2);
    const path = archivePath(object("one").sha256);
    writeFileSync(path, "onx");
    assert.equal(await fetchArchives(store, objects), 1);
    assert.equal(readFileSync(path, "utf8"), "one");
  });

  test("every archive that is spoiled or missing is named at once, and none of them is there", async () => {
    const spoiled = await store.putBytes(Buffer.from("good"));
    writeFileSync(join(folder, "store/objects", spoiled.sha256.slice(0, 2), spoiled.sha256), "evil");
    const missing = object("missing");
    mkdirSync(join(folder, "cache"), { recursive: true });
    await assert.rejects(fetchArchives(store, [spoiled, missing]), (error: Error) => {
      assert.match(error.message, new RegExp(`${spoiled.sha256.slice(0, 12)}: spoiled`));
      assert.match(error.message, new RegExp(`${missing.sha256.slice(0, 12)}: missing`));
      return true;
    });
    assert.ok(!existsSync(archivePath(spoiled.sha256)));
  });
});
