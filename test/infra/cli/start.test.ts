import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { openStore } from "../../../infra/recovery/store/open.ts";
import { sampleSet } from "../recovery/samples.ts";

const PACKAGE = { name: "clone", version: "1.0.0", type: "module", dependencies: { one: "1.0.0" } };
const LOCK = JSON.stringify({
  name: "clone",
  version: "1.0.0",
  lockfileVersion: 3,
  packages: { "": PACKAGE, "node_modules/one": { version: "1.0.0", resolved: "https://registry.npmjs.org/one/-/one-1.0.0.tgz" } },
});

const folder = mkdtempSync(join(tmpdir(), "fleetwright-start-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("packages that a link leads to are left alone when they aren't the lock file's", () => {
  const [clone, shared] = [join(folder, "clone"), join(folder, "shared")];
  for (const path of [join(clone, "infra/cli"), shared]) mkdirSync(path, { recursive: true });
  cpSync(fileURLToPath(new URL("../../../infra/cli/start.mjs", import.meta.url)), join(clone, "infra/cli/start.mjs"));
  writeFileSync(join(clone, "package.json"), '{"name": "clone", "version": "1.0.0"}');
  writeFileSync(join(clone, "package-lock.json"), '{"name": "clone", "version": "1.0.0", "lockfileVersion": 3, "packages": {}}');
  writeFileSync(join(shared, "canary"), "");
  symlinkSync(shared, join(clone, "node_modules"));
  const { status, stderr } = spawnSync(process.execPath, ["infra/cli/start.mjs", "--prepare"], { cwd: clone, encoding: "utf8" });
  assert.equal(status, 2, stderr);
  assert.match(stderr, /node_modules is a link[^]*What to do: /);
  assert.ok(existsSync(join(shared, "canary")));
});

for (const platform of ["darwin", "win32"]) {
  test(`on ${platform}, local machines are refused at once, with what is needed instead`, () => {
    const pretend = `data:text/javascript,Object.defineProperty(process,"platform",{value:"${platform}"})`;
    const start = fileURLToPath(new URL("../../../infra/cli/start.mjs", import.meta.url));
    const { status, stderr } = spawnSync(process.execPath, ["--import", pretend, start, "local"], { encoding: "utf8" });
    assert.equal(status, 2);
    assert.match(stderr, new RegExp(`Local machines need Linux.*this is ${platform}`));
    assert.match(stderr, /What to do: run this in a Debian 12 or 13 VM/);
  });
}

/** A clone without packages, whose `fleet` only says that it was started. */
function bareClone(name: string): string {
  const clone = join(folder, name);
  const cli = fileURLToPath(new URL("../../../infra/cli/", import.meta.url));
  for (const part of ["start.mjs", "packages-of-store.mjs", "bare-store"]) {
    cpSync(join(cli, part), join(clone, "infra/cli", part), { recursive: true });
  }
  writeFileSync(join(clone, "infra/cli/main.ts"), 'process.stdout.write(`started: ${process.argv.slice(2).join(" ")}`);');
  writeFileSync(join(clone, "package.json"), JSON.stringify(PACKAGE));
  writeFileSync(join(clone, "package-lock.json"), LOCK);
  return clone;
}

async function storeWithPackages(): Promise<string> {
  mkdirSync(join(folder, "modules/one"), { recursive: true });
  writeFileSync(join(folder, "modules/one/package.json"), "{}");
  execFileSync("tar", ["-C", join(folder, "modules"), "-czf", join(folder, "packages.tgz"), "."]);
  const store = await openStore(join(folder, "store"));
  const archive = await store.putBytes(readFileSync(join(folder, "packages.tgz")));
  const version = createHash("sha256").update(LOCK).digest("hex");
  const tools = [{ name: "packages" as const, version, platform: `${process.platform}-${process.arch}`, archive }];
  await store.putSet(sampleSet({ tools }));
  await store.close();
  return join(folder, "store");
}

/** Nobody listens there, and npm asks once. */
const NO_REGISTRY = {
  npm_config_registry: "http://127.0.0.1:9",
  npm_config_replace_registry_host: "always",
  npm_config_fetch_retries: "0",
  npm_config_cache: join(folder, "npm"),
};

const startIn = (clone: string, args: readonly string[]) =>
  spawnSync(process.execPath, ["infra/cli/start.mjs", ...args], { cwd: clone, encoding: "utf8", env: { ...process.env, ...NO_REGISTRY } });

test("every command that names a recovery store takes the packages from there, where no registry answers", async () => {
  const store = await storeWithPackages();
  for (const args of [
    ["recovery", "status", "--from", store],
    ["recovery", "key", `--from=${store}`],
    ["recover", "--from", store],
  ]) {
    const clone = bareClone(args.slice(0, 2).join("-").replaceAll("/", ""));
    const { status, stdout, stderr } = startIn(clone, args);
    assert.equal(status, 0, stderr);
    assert.equal(stdout, `started: ${args.join(" ")}`);
    assert.ok(existsSync(join(clone, "node_modules/one/package.json")));
  }
});

test("without packages and a registry, what to do comes last, after all that npm says", () => {
  const plain = startIn(bareClone("plain"), ["status"]);
  assert.equal(plain.status, 2);
  assert.match(plain.stderr, /take the packages from a recovery store first: npm run fleet -- --prepare --from STORE\n$/);
  const empty = join(folder, "empty");
  const { status, stderr } = startIn(bareClone("beside"), ["recovery", "status", "--from", empty]);
  assert.equal(status, 2);
  assert.match(
    stderr,
    /npm ci failed, too\.\nThe store \S+ .*\nWhere no registry can be reached, .*\nThen run the same command again\.\n$/,
  );
});
