import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { remote } from "@pulumi/command";
import pulumi from "@pulumi/pulumi";
import { copy } from "../../../../infra/offline/command-provider/copy.ts";
import { withConnection } from "../../../../infra/offline/command-provider/dial.ts";
import { Sftp } from "../../../../infra/offline/command-provider/sftp.ts";
import type { Source } from "../../../../infra/offline/command-provider/wire.ts";
import { withStack } from "../engine.ts";
import { type SshServer, startSshServer } from "../ssh-server.ts";

const all = mkdtempSync(join(tmpdir(), "fleetwright-copy-"));
let server: SshServer;
/** The "machine's" folder of one test: sshd runs on this computer, so it can be looked into. */
let there: string;
let here: string;
let count = 0;

before(async () => {
  delete process.env["SSH_AUTH_SOCK"];
  server = await startSshServer();
});
beforeEach(() => {
  [there, here] = [join(all, `there-${++count}`), join(all, `here-${count}`)];
  mkdirSync(there);
  mkdirSync(join(here, "tree", "sub"), { recursive: true });
  writeFileSync(join(here, "file.txt"), "file");
  writeFileSync(join(here, "tree", "a"), "A");
  writeFileSync(join(here, "tree", "sub", "b"), "B");
});
after(async () => {
  await server?.stop();
  rmSync(all, { recursive: true, force: true });
});

const connection = () => ({
  host: "127.0.0.1",
  port: server.port,
  user: server.user,
  privateKey: server.privateKey,
  hostKey: server.hostKey,
  dialErrorLimit: 0,
  perDialTimeout: 10,
});

const send = (source: Source, remotePath: string): Promise<void> => {
  const context = { log: () => {}, warn: () => {}, signal: new AbortController().signal };
  return withConnection(connection(), context, async (client) => copy(await Sftp.open(client), source, remotePath));
};
const at = (...parts: string[]) => join(there, ...parts);
const text = (...parts: string[]) => readFileSync(at(...parts), "utf8");

test("a file goes to the path, into a folder that is there, and over a file", async () => {
  const source: Source = { asset: { path: join(here, "file.txt") } };
  await send(source, at("new", "deep", "name"));
  assert.equal(text("new", "deep", "name"), "file");
  mkdirSync(at("folder"));
  await send(source, at("folder"));
  assert.equal(text("folder", "file.txt"), "file");
  writeFileSync(at("old"), "something longer");
  await send(source, at("old"));
  assert.equal(text("old"), "file");
});

test("a folder goes below the path by its name; with a slash at its end, its content goes there", async () => {
  await send({ archive: { path: join(here, "tree") } }, at("x"));
  assert.equal(text("x", "tree", "sub", "b"), "B");
  await send({ archive: { path: `${join(here, "tree")}/` } }, at("y"));
  assert.equal(text("y", "sub", "b"), "B");
});

test("a folder is copied into one that is there: files are overwritten, others stay", async () => {
  mkdirSync(at("tree", "sub"), { recursive: true });
  writeFileSync(at("tree", "a"), "old");
  writeFileSync(at("tree", "sub", "other"), "other");
  await send({ archive: { path: join(here, "tree") } }, there);
  assert.deepEqual([text("tree", "a"), text("tree", "sub", "other")], ["A", "other"]);
});

test("a folder over a file fails and leaves the file", async () => {
  writeFileSync(at("tree"), "a file");
  await assert.rejects(send({ archive: { path: join(here, "tree") } }, there), /exists but is not a directory/);
  assert.equal(text("tree"), "a file");
});

test("links to files are copied as files", async () => {
  symlinkSync("a", join(here, "tree", "link"));
  await send({ archive: { path: join(here, "tree") } }, there);
  assert.equal(text("tree", "link"), "A");
});

test("an archive file is copied as it is, not unpacked", async () => {
  const bytes = Buffer.alloc(3_000_000, 7);
  writeFileSync(join(here, "x.tar.gz"), bytes);
  await send({ archive: { path: join(here, "x.tar.gz") } }, at("x.tar.gz"));
  assert.deepEqual(readFileSync(at("x.tar.gz")), bytes);
});

test("a text needs a file's path", async () => {
  await send({ asset: { text: "grüße" } }, at("d", "t"));
  assert.equal(text("d", "t"), "grüße");
  await assert.rejects(send({ asset: { text: "x" } }, at("d")), /remotePath must be a file path/);
});

test("an archive of assets becomes a folder with its entries", async () => {
  const assets = {
    "etc/conf": { asset: { text: "conf" } },
    file: { asset: { path: join(here, "file.txt") } },
    tree: { archive: { path: join(here, "tree") } },
  };
  await send({ archive: { assets } }, at("made"));
  assert.deepEqual([text("made", "etc", "conf"), text("made", "file"), text("made", "tree", "sub", "b")], ["conf", "file", "B"]);
});

test("something fetched is written under its name; an answer that isn't 200 is an error", async () => {
  const web = createServer((request, response) => {
    response.statusCode = request.url === "/got.txt" ? 200 : 404;
    response.end("fetched");
  });
  await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
  const base = `http://127.0.0.1:${(web.address() as { port: number }).port}`;
  try {
    await send({ asset: { uri: `${base}/got.txt` } }, there);
    assert.equal(text("got.txt"), "fetched");
    await assert.rejects(send({ asset: { uri: `${base}/not` } }, there), /404/);
  } finally {
    web.close();
  }
});

test("a path where nothing may be made is named", async () => {
  await assert.rejects(send({ asset: { text: "x" } }, "/proc/nothing/here"), /failed to create remote directory \/proc\/nothing/);
});

test("through the engine: copied once, again when the content changes, not for another key, anew for a trigger", () =>
  withStack(async (stack) => {
    const program =
      (trigger: number, more = {}) =>
      async () => {
        const source = new pulumi.asset.FileArchive(join(here, "tree"));
        const connectionArgs = { ...connection(), ...more };
        new remote.CopyToRemote("folder", { connection: connectionArgs, source, remotePath: there, triggers: [trigger] });
        const text = new pulumi.asset.StringAsset("text");
        new remote.CopyToRemote("text", { connection: connectionArgs, source: text, remotePath: at("text") });
      };
    assert.deepEqual(await stack.preview(program(1)), { create: 3 });
    assert.deepEqual(readdirSync(there), []);
    await stack.up(program(1));
    assert.deepEqual([text("tree", "sub", "b"), text("text")], ["B", "text"]);
    assert.deepEqual((await stack.up(program(1))).changes, { same: 3 });

    writeFileSync(join(here, "tree", "sub", "b"), "changed");
    assert.deepEqual((await stack.up(program(1))).changes, { same: 2, update: 1 });
    assert.equal(text("tree", "sub", "b"), "changed");

    const before = statSync(at("tree", "a")).mtimeMs;
    assert.deepEqual((await stack.up(program(1, { perDialTimeout: 11 }))).changes, { same: 1, update: 2 });
    assert.equal(statSync(at("tree", "a")).mtimeMs, before);

    assert.deepEqual((await stack.up(program(2, { perDialTimeout: 11 }))).changes, { same: 2, replace: 1 });
    assert.notEqual(statSync(at("tree", "a")).mtimeMs, before);
    assert.ok(stack.resource("folder").inputs.connection.ciphertext);
    assert.doesNotMatch(stack.state(), /PRIVATE KEY/);
    await stack.destroy();
    assert.ok(existsSync(at("tree", "a")));
  }));

test("through the engine: CopyFile copies, and every change replaces it", () =>
  withStack(async (stack) => {
    const program = (to: string) => async () => {
      new remote.CopyFile("f", { connection: connection(), localPath: join(here, "file.txt"), remotePath: at(to) });
    };
    await stack.up(program("one"));
    assert.equal(text("one"), "file");
    assert.deepEqual((await stack.up(program("two"))).changes, { same: 1, replace: 1 });
    assert.equal(text("two"), "file");
  }));

test("through the engine: what isn't an asset is refused before anything is dialled", () =>
  withStack(async (stack) => {
    const output = await stack.failure(async () => {
      new remote.CopyToRemote("c", { connection: connection(), source: "text" as never, remotePath: at("x") });
    });
    assert.match(output, /'source' should be an asset or an archive/);
  }));
