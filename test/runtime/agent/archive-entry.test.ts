import assert from "node:assert/strict";
import { test } from "node:test";
import { entryProblem } from "../../../runtime/agent/archive-entry.ts";

const allowed = [
  { path: "app/main.py", type: "File" },
  { path: "./app/", type: "Directory" },
  { path: "app/..data/x", type: "File" },
  {
    path: "app/node_modules/.bin/tool",
    type: "SymbolicLink",
    linkpath: "../tool/cli.js",
  },
  { path: "app/b", type: "Link", linkpath: "app/a" },
];
for (const entry of allowed) {
  test(`${entry.type} ${entry.path}${entry.linkpath === undefined ? "" : ` to ${entry.linkpath}`} may be unpacked`, () =>
    assert.equal(entryProblem(entry), undefined));
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
  { path: "app/l", type: "Link", linkpath: "../x", why: /leads outside/ },
  {
    path: "app/l",
    type: "Link",
    linkpath: "/etc/shadow",
    why: /leads outside/,
  },
  { path: "app/d", type: "BlockDevice", why: /neither a file/ },
  { path: "app/d", type: "CharacterDevice", why: /neither a file/ },
  { path: "app/d", type: "FIFO", why: /neither a file/ },
];
for (const { why, ...entry } of refused) {
  test(`${entry.type} ${entry.path}${entry.linkpath === undefined ? "" : ` to ${entry.linkpath}`} is refused`, () =>
    assert.match(entryProblem(entry) ?? "", why));
}
