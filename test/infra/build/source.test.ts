import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { listSource } from "../../../infra/build/source.ts";
import { type Files, makeFolder } from "./folders.ts";

function git(folder: string, ...args: string[]): void {
  execFileSync("git", args, { cwd: folder, stdio: "pipe" });
}

function repository(t: TestContext, files: Files): string {
  const folder = makeFolder(t, files);
  git(folder, "init", "-q");
  return folder;
}

test("outside of git: everything but caches, virtual environments and packages", async (t) => {
  const folder = makeFolder(t, {
    "main.py": "",
    "pkg/mod.py": "",
    "pkg/__pycache__/mod.pyc": "",
    "old.pyc": "",
    ".venv/bin/python": "",
    "node_modules/a/index.js": "",
    "sub/node_modules/a.js": "",
    "x.egg-info/PKG-INFO": "",
    ".gitignore": "pkg/",
  });
  assert.deepEqual((await listSource(folder)).files, [".gitignore", "main.py", "pkg/mod.py"]);
});

test("in git: tracked and new files, not the ignored ones, nor those deleted from disk", async (t) => {
  const folder = repository(t, { "main.py": "", "gone.py": "", "local.db": "", ".gitignore": "*.db\n", "data/größe.txt": "" });
  git(folder, "add", "main.py", "gone.py");
  rmSync(join(folder, "gone.py"));
  assert.deepEqual((await listSource(folder)).files, [".gitignore", "data/größe.txt", "main.py"]);
});

test("in git: packages are left out even when tracked", async (t) => {
  const folder = repository(t, { "server.js": "", "node_modules/a/index.js": "" });
  git(folder, "add", "-f", ".");
  assert.deepEqual((await listSource(folder)).files, ["server.js"]);
});

test("an app in a sub-folder of a repository: its own files only", async (t) => {
  const folder = repository(t, { "README.md": "", "apps/shop/main.py": "", ".gitignore": "*.log\n", "apps/shop/a.log": "" });
  assert.deepEqual((await listSource(join(folder, "apps/shop"))).files, ["main.py"]);
});

test("a folder that its repository ignores as a whole is taken whole", async (t) => {
  const folder = repository(t, { ".gitignore": "tmp/\n", "tmp/app/main.py": "" });
  assert.deepEqual((await listSource(join(folder, "tmp/app"))).files, ["main.py"]);
});

test("a repository inside the repository counts as its files", async (t) => {
  const folder = repository(t, { "main.py": "", "vendored/mod.py": "" });
  git(join(folder, "vendored"), "init", "-q");
  assert.deepEqual((await listSource(folder)).files, ["main.py", "vendored/mod.py"]);
});

test("secrets are withheld, and named", async (t) => {
  const key = "-----BEGIN PRIVATE KEY-----\n";
  const files = {
    "main.py": "",
    ".env": "A=1",
    "conf/.env.production": "",
    "tls.key": key,
    ".npmrc": "",
    id_ed25519: `-----BEGIN OPENSSH PRIVATE KEY-----\n`,
    "ca.pem": "-----BEGIN CERTIFICATE-----\n",
  };
  for (const folder of [makeFolder(t, files), repository(t, files)]) {
    const { files: sent, withheld } = await listSource(folder);
    assert.deepEqual(sent, ["ca.pem", "main.py"]);
    assert.deepEqual(withheld, [".env", ".npmrc", "conf/.env.production", "id_ed25519", "tls.key"]);
  }
});

test("a repository that git can't read is an error: ignored files must not slip in", async (t) => {
  const folder = makeFolder(t, { "main.py": "", ".git": "gitdir: nowhere\n" });
  await assert.rejects(listSource(folder), /git can't tell which files .* are ignored[\s\S]*nowhere/);
});

test("what a git hook sets does not point at another repository", async (t) => {
  const other = repository(t, { ".git/info/exclude": "shop.py\n" });
  const folder = repository(t, { "main.py": "", "shop.py": "" });
  process.env.GIT_DIR = join(other, ".git");
  t.after(() => delete process.env.GIT_DIR);
  assert.deepEqual((await listSource(folder)).files, ["main.py", "shop.py"]);
});
