import assert from "node:assert/strict";
import { test } from "node:test";
import { type ArchiveEntry, archiveProblem } from "../../../runtime/agent/archive-entry.ts";

const allowed = [
  { path: "app/main.py", type: "File" },
  { path: "./app/", type: "Directory" },
  { path: "app/..data/x", type: "File" },
  {
    path: "app/node_modules/.bin/tool",
    type: "SymbolicLink",
    linkpath: "../tool/cli.js",
  },
  { path: "app/l", type: "SymbolicLink", linkpath: "../app/./x" },
];
for (const entry of allowed) {
  test(`${entry.type} ${entry.path}${entry.linkpath === undefined ? "" : ` to ${entry.linkpath}`} may be unpacked`, () =>
    assert.equal(archiveProblem([entry]), undefined));
}

const refused = [
  { path: "/etc/passwd", type: "File", why: /outside/ },
  { path: "app/../../x", type: "File", why: /outside/ },
  { path: "..", type: "Directory", why: /outside/ },
  { path: "app\\..\\x", type: "File", why: /outside/ },
  {
    path: "app/l",
    type: "SymbolicLink",
    linkpath: "/etc/passwd",
    why: /leads outside/,
  },
  {
    path: "app/l",
    type: "SymbolicLink",
    linkpath: "../../x",
    why: /leads outside/,
  },
  { path: "app/l", type: "Link", linkpath: "../x", why: /hard link/ },
  {
    path: "app/l",
    type: "Link",
    linkpath: "/etc/shadow",
    why: /hard link/,
  },
  { path: "app/b", type: "Link", linkpath: "app/a", why: /hard link/ },
  { path: "app/tool", type: "File", mode: 0o4755, why: /setuid/ },
  { path: "app/tool", type: "File", mode: 0o2755, why: /setuid/ },
  { path: "app", type: "Directory", mode: 0o1777, why: /sticky/ },
  { path: "app/../x", type: "File", why: /outside/ },
  { path: "app/l", type: "SymbolicLink", linkpath: "", why: /leads outside/ },
  { path: "app/d", type: "BlockDevice", why: /neither a file/ },
  { path: "app/d", type: "CharacterDevice", why: /neither a file/ },
  { path: "app/d", type: "FIFO", why: /neither a file/ },
];
for (const { why, ...entry } of refused) {
  test(`${entry.type} ${entry.path}${entry.linkpath === undefined ? "" : ` to ${entry.linkpath}`} is refused`, () =>
    assert.match(archiveProblem([entry]) ?? "", why));
}

const link = (path: string, linkpath: string): ArchiveEntry => ({ path, type: "SymbolicLink", linkpath });
const file = (path: string): ArchiveEntry => ({ path, type: "File" });

const together: Record<string, [ArchiveEntry[], RegExp]> = {
  "a file through a link to a folder": [[link("d", "real"), file("d/x")], /below "d", which is no folder/],
  "a file through a link that comes later": [[file("d/x"), link("d", "real")], /below "d"/],
  "a file below a file": [[file("d"), file("d/x")], /below "d"/],
  "a link through another whose .. leads elsewhere than it reads": [
    [link("a/b/up", "../.."), link("out", "a/b/up/..")],
    /"out" is a link through another link/,
  ],
  "the same, the other way round": [[link("out", "a/b/up/.."), link("a/b/up", "../..")], /"out" is a link through another link/],
  "a link in the place of the release's folder": [[link("./", "x")], /stands for/],
  "links in a circle": [[link("a", "b"), link("b", "a")], /circle/],
  "a link to itself": [[link("a", "a")], /circle/],
  "a name twice": [[file("app/x"), file("app/x")], /there twice/],
  "a name twice, in two spellings": [[file("app/x"), link("./app//x", "y")], /there twice/],
};
for (const [name, [entries, why]] of Object.entries(together)) {
  test(`${name} is refused`, () => assert.match(archiveProblem(entries) ?? "", why));
}

test("links to links that stay inside may be unpacked", () =>
  assert.equal(archiveProblem([link("bin", "usr/bin"), link("sbin", "bin"), file("usr/lib/tool")]), undefined));

test("what a terminal would obey is escaped in the message", () =>
  assert.ok(!(archiveProblem([{ path: "\u001b[2J/..", type: "File" }]) ?? "\u001b").includes("\u001b")));
