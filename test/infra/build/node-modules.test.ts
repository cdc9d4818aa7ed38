import assert from "node:assert/strict";
import { test } from "node:test";
import { npmArguments, readNodeLock } from "../../../infra/build/node-modules.ts";
import { npmScript } from "../../../infra/build/npm.ts";
import { makeFolder } from "./folders.ts";

const withDependency = '{"dependencies":{"fastify":"5.0.0"}}';

test("an app without dependencies needs no npm", (t) => {
  assert.equal(readNodeLock(makeFolder(t, { "server.js": "" })), undefined);
  assert.equal(readNodeLock(makeFolder(t, { "package.json": '{"devDependencies":{"typescript":"6"}}' })), undefined);
});

test("the lock is package.json and package-lock.json", (t) => {
  const lock =
    '{"packages":{"":{},"node_modules/a/node_modules/sharp":{"hasInstallScript":true},"node_modules/esbuild":{"hasInstallScript":true,"dev":true}}}';
  assert.deepEqual(readNodeLock(makeFolder(t, { "package.json": withDependency, "package-lock.json": lock })), {
    files: [
      ["package.json", withDependency],
      ["package-lock.json", lock],
    ],
    withScripts: ["sharp"],
  });
});

test("dependencies without package-lock.json are an error with the mend", (t) => {
  assert.throws(
    () => readNodeLock(makeFolder(t, { "package.json": withDependency })),
    /no package-lock\.json[\s\S]*npm install --package-lock-only/,
  );
});

test("a package that is a link to a folder can't be carried", (t) => {
  const lock = '{"packages":{"node_modules/shared":{"resolved":"../shared","link":true}}}';
  assert.throws(
    () => readNodeLock(makeFolder(t, { "package.json": withDependency, "package-lock.json": lock })),
    /links to folders[\s\S]*node_modules\/shared/,
  );
});

test("npm installs for the machine, and runs no scripts", () => {
  const args = npmArguments("arm64");
  for (const expected of ["--omit=dev", "--ignore-scripts", "--os=linux", "--cpu=arm64", "--libc=glibc"])
    assert.ok(args.includes(expected), expected);
});

test("npm is the one that started this, else the one beside Node, else the one on PATH", () => {
  const beside = "/opt/node/lib/node_modules/npm/bin/npm-cli.js";
  const has =
    (...paths: string[]) =>
    (path: string): boolean =>
      paths.includes(path);
  assert.equal(npmScript("/x/npm-cli.js", "/opt/node/bin/node", has("/x/npm-cli.js", beside)), "/x/npm-cli.js");
  assert.equal(npmScript("/x/pnpm.cjs", "/opt/node/bin/node", has("/x/pnpm.cjs", beside)), beside);
  assert.equal(npmScript(undefined, "/opt/node/bin/node", has()), undefined);
});
