import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { create as pack } from "tar";
import { FleetError } from "../../../infra/errors.ts";
import { pinnedVersion } from "../../../infra/offline/pulumi-cli.ts";
import { caddyBinary, commandPlugin, languageHost, pulumiCli, pulumiEnvironment } from "../../../infra/offline/tools.ts";
import { freePort } from "./ssh-server.ts";

let folder: string;
let bin: string;
let said: string[];
const before = { ...process.env };
const say = (line: string) => void said.push(line);

let unreachable: string;

beforeEach(async () => {
  unreachable = `http://127.0.0.1:${await freePort()}`;
  folder = mkdtempSync(join(tmpdir(), "fleetwright-tools-"));
  bin = join(folder, "bin");
  mkdirSync(bin);
  said = [];
  Object.assign(process.env, {
    PATH: [bin, "/bin"].join(delimiter),
    FLEETWRIGHT_CACHE: join(folder, "cache"),
    PULUMI_HOME: join(folder, "home"),
  });
});
afterEach(() => {
  for (const name of ["PATH", "FLEETWRIGHT_CACHE", "PULUMI_HOME"]) {
    if (before[name] === undefined) delete process.env[name];
    else process.env[name] = before[name];
  }
  rmSync(folder, { recursive: true, force: true });
});

/** An executable that prints and ends as told, and counts its runs. */
function program(path: string, script: string): string {
  writeFileSync(path, `#!/bin/sh\necho "$*" >> ${path}.runs\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}
const runs = (path: string): number => {
  return existsSync(`${path}.runs`) ? readFileSync(`${path}.runs`, "utf8").split("\n").length - 1 : 0;
};

test("a new enough CLI on PATH is used, and asked for its version only once", async () => {
  const path = program(join(bin, "pulumi"), "echo v3.999.0");
  assert.deepEqual(await pulumiCli({ say }), { path, version: "v3.999.0", source: "PATH" });
  assert.deepEqual(await pulumiCli({ say }), { path, version: "v3.999.0", source: "PATH" });
  assert.equal(runs(path), 1);
  assert.deepEqual(said, []);
});

/** Serves files by name on loopback; the address. */
async function releaseServer(files: Record<string, Buffer | string>): Promise<{ releases: string; close(): void }> {
  const server = createServer((request, response) => {
    const file = files[(request.url ?? "").slice(1)];
    response.statusCode = file === undefined ? 404 : 200;
    response.end(file);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { releases: `http://127.0.0.1:${(server.address() as { port: number }).port}`, close: () => server.close() };
}

/** A release as Pulumi packs it: everything in a folder `pulumi`. */
async function release(checksum?: string): Promise<Record<string, Buffer | string>> {
  const name = `pulumi-v${pinnedVersion}-${process.platform}-${process.arch}.tar.gz`;
  mkdirSync(join(folder, "pack", "pulumi"), { recursive: true });
  program(join(folder, "pack", "pulumi", "pulumi"), "echo released");
  program(join(folder, "pack", "pulumi", "pulumi-language-nodejs"), "");
  await pack({ cwd: join(folder, "pack"), gzip: true, file: join(folder, name) }, ["pulumi"]);
  const archive = readFileSync(join(folder, name));
  const sha256 = checksum ?? createHash("sha256").update(archive).digest("hex");
  return { [name]: archive, [`pulumi-${pinnedVersion}-checksums.txt`]: `${sha256}  ${name}\n` };
}

test("the published release is downloaded once, with the language host beside the CLI", async () => {
  const server = await releaseServer(await release());
  const first = await pulumiCli({ say, releases: server.releases }).finally(() => server.close());
  assert.equal(first.source, "download");
  assert.equal(execFileSync(first.path, { encoding: "utf8" }), "released\n");
  assert.deepEqual(await pulumiCli({ say, releases: server.releases }), first);
  const { standIn } = await languageHost({ say, pulumi: first.path });
  assert.equal(standIn, false);
});

test("a release that is not what its checksum says is not installed", async () => {
  const server = await releaseServer(await release("00"));
  await assert.rejects(pulumiCli({ say, releases: server.releases }), FleetError);
  server.close();
  assert.match(said.join("\n"), /can't be downloaded \(.*should have 00\)/);
  assert.ok(!existsSync(join(folder, "cache", "tools")) || readdirSync(join(folder, "cache", "tools")).length === 0);
});

/** A release as Caddy packs it: the program beside its papers, with checksums of 512 bits. */
async function caddyRelease(checksum?: string): Promise<Record<string, Buffer | string>> {
  const name = "caddy_2.11.9_linux_arm64.tar.gz";
  mkdirSync(join(folder, "caddy"));
  program(join(folder, "caddy", "caddy"), "echo served");
  await pack({ cwd: join(folder, "caddy"), gzip: true, file: join(folder, name) }, ["caddy"]);
  const archive = readFileSync(join(folder, name));
  const sha512 = checksum ?? createHash("sha512").update(archive).digest("hex");
  return { [name]: archive, "caddy_2.11.9_checksums.txt": `${sha512}  ${name}\n` };
}

test("Caddy's release for the machines' architecture is downloaded once", async () => {
  const server = await releaseServer(await caddyRelease());
  const path = await caddyBinary("arm64", { say, releases: server.releases }).finally(() => server.close());
  assert.equal(execFileSync(path, { encoding: "utf8" }), "served\n");
  assert.equal(await caddyBinary("arm64", { say, releases: server.releases }), path);
});

test("a Caddy that is not what its checksum says is not used", async () => {
  const server = await releaseServer(await caddyRelease("0".repeat(128)));
  await assert.rejects(caddyBinary("arm64", { say, releases: server.releases }), FleetError);
  server.close();
  assert.match(said.join("\n"), /Caddy 2\.11\.9 can't be downloaded \(.*has the sha512 [0-9a-f]+, but should have 0+\)/);
});

test("a CLI that is too old is named; without download and Go, the mend is told and nothing is left", async () => {
  program(join(bin, "pulumi"), "echo v3.100.0");
  await assert.rejects(pulumiCli({ say, releases: unreachable }), (error: Error) => {
    assert.ok(error instanceof FleetError);
    assert.match(error.message, /no Go on PATH/);
    assert.match(error.message, /install Go 1\.\d+ or newer from https:\/\/go\.dev\/dl\//);
    return true;
  });
  assert.match(said.join("\n"), /v3\.100\.0; Fleetwright needs 3\.\d+\.0 or newer/);
  assert.deepEqual(
    readdirSync(join(folder, "cache", "tools")).filter((name) => !name.startsWith("pulumi-version-")),
    [],
  );
});

test("a Go build that fails shows Go's last lines and leaves nothing in the cache", async () => {
  program(join(bin, "go"), 'test "$1" = env && echo go1.99 && exit 0; echo "go: proxy says no" >&2; exit 1');
  await assert.rejects(
    pulumiCli({ say, releases: unreachable }),
    /could not be built with Go\n.*\| go: proxy says no[\s\S]*What to do: check/,
  );
  assert.deepEqual(readdirSync(join(folder, "cache", "tools")), []);
});

test("a built CLI is kept: the second time nothing is downloaded or built", async () => {
  const go = program(join(bin, "go"), 'test "$1" = env && echo go1.99 && exit 0; while [ "$1" != -o ]; do shift; done; echo x > "$2"');
  const first = await pulumiCli({ say, releases: unreachable });
  assert.equal(first.source, "Go module");
  assert.match(said.join("\n"), /Building the Pulumi CLI 3\.\d+\.0 from its Go module[\s\S]*Built the Pulumi CLI/);
  const [lines, builds] = [said.length, runs(go)];
  assert.deepEqual(await pulumiCli({ say, releases: unreachable }), first);
  assert.deepEqual([said.length, runs(go)], [lines, builds + 1]);
});

test("the official plugin is taken from PATH or from Pulumi's plugin folder, without a word", async () => {
  const pulumi = program(join(folder, "pulumi"), "exit 1");
  program(join(bin, "pulumi-resource-command"), "");
  assert.deepEqual(await commandPlugin({ say, pulumi }), { folder: undefined, standIn: false });
  rmSync(join(bin, "pulumi-resource-command"));
  mkdirSync(join(folder, "home", "plugins", "resource-command-v1.2.1"), { recursive: true });
  program(join(folder, "home", "plugins", "resource-command-v1.2.1", "pulumi-resource-command"), "");
  assert.deepEqual(await commandPlugin({ say, pulumi }), { folder: undefined, standIn: false });
  assert.deepEqual([said, runs(pulumi)], [[], 0]);
});

test("a plugin that can't be downloaded is replaced by the stand-in, which is said; a day long it isn't tried again", async () => {
  const pulumi = program(join(folder, "pulumi"), "exit 1");
  const plugin = await commandPlugin({ say, pulumi });
  assert.equal(plugin.standIn, true);
  assert.deepEqual(readdirSync(plugin.folder ?? ""), ["pulumi-resource-command"]);
  assert.match(said.join("\n"), /Downloading the command plugin 1\.2\.1[\s\S]*stand-in is used/);
  assert.deepEqual(await commandPlugin({ say, pulumi }), plugin);
  assert.equal(runs(pulumi), 1);
  const yesterday = Date.now() / 1_000 - 25 * 60 * 60;
  utimesSync(join(folder, "cache", "tools", "no-download-of-command-1.2.1"), yesterday, yesterday);
  await commandPlugin({ say, pulumi });
  assert.equal(runs(pulumi), 2);
});

test("a language host beside the CLI is used; without one, the stand-in", async () => {
  const pulumi = program(join(folder, "pulumi"), "");
  assert.equal((await languageHost({ say, pulumi })).standIn, true);
  assert.match(said.join("\n"), /language host is not installed: Fleetwright's stand-in is used/);
  program(join(folder, "pulumi-language-nodejs"), "");
  assert.deepEqual(await languageHost({ say, pulumi }), { folder, standIn: false });
});

test("the environment has the CLI and the stand-ins first on PATH, also when it is asked for inside itself", async () => {
  program(join(bin, "pulumi"), 'test "$1" = version && echo v3.999.0');
  const { env } = await pulumiEnvironment({ say });
  const folders = (env["PATH"] ?? "").split(delimiter);
  assert.match(folders[0] ?? "", /pulumi-resource-command-stand-in/);
  assert.match(folders[1] ?? "", /pulumi-language-nodejs-stand-in/);
  assert.equal(folders[2], bin);
  process.env["PATH"] = env["PATH"];
  assert.equal((await pulumiEnvironment({ say })).env["PATH"], env["PATH"]);
});
