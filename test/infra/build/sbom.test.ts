import assert from "node:assert/strict";
import { test } from "node:test";
import { bundledPackages } from "../../../infra/build/bundled-packages.ts";
import { type BundleContents, goModules, renderSbom } from "../../../infra/build/sbom.ts";
import { caddyModules } from "../../../infra/offline/caddy.ts";
import { makeFolder } from "./folders.ts";

const contents: BundleContents = {
  arch: "x64",
  node: { version: "24.0.0", sha256: "a".repeat(64) },
  caddy: { version: "2.0.0", sha256: "b".repeat(64) },
  caddyModules: "module m\n\nrequire (\n\tgithub.com/caddyserver/caddy/v2 v2.0.0\n\tgolang.org/x/net v0.1.0 // indirect\n)\n",
  packages: [
    { name: "zod", version: "4.0.0", license: "MIT", integrity: `sha512-${Buffer.alloc(64, 1).toString("base64")}` },
    { name: "@a/b", version: "1.0.0", license: "(MIT OR Apache-2.0)" },
  ],
};

test("every part is listed once, with version, and licence and hash where they are known", () => {
  const { components, dependencies } = JSON.parse(renderSbom(contents));
  assert.deepEqual(
    components.map(({ purl, hashes }: { purl: string; hashes?: { content: string }[] }) => [purl, hashes?.[0]?.content.slice(0, 4)]),
    [
      ["pkg:generic/node@24.0.0?arch=x64", "aaaa"],
      ["pkg:golang/github.com/caddyserver/caddy/v2@v2.0.0?arch=x64", "bbbb"],
      ["pkg:npm/%40a/b@1.0.0", undefined],
      ["pkg:npm/zod@4.0.0", "0101"],
      ["pkg:golang/golang.org/x/net@v0.1.0", undefined],
    ],
  );
  assert.deepEqual(components[2].licenses, [{ expression: "(MIT OR Apache-2.0)" }]);
  const refs = new Set(["fleetwright-runtime", ...components.map((part: Record<string, string>) => part["bom-ref"])]);
  assert.equal(refs.size, components.length + 1);
  for (const { ref, dependsOn } of dependencies) assert.ok([ref, ...dependsOn].every((name) => refs.has(name)));
});

test("the order of the packages doesn't matter", () =>
  assert.equal(renderSbom({ ...contents, packages: [...contents.packages].reverse() }), renderSbom(contents)));

test("every line of our Caddy's go.mod that requires a module is understood", () =>
  assert.equal(goModules(caddyModules()).length, caddyModules().match(/^\t\S+ v/gm)?.length));

test("a bundle's packages are told from its modules, each once, with the lock file's hash", (t) => {
  const root = makeFolder(t, {
    "package-lock.json": JSON.stringify({ packages: { "node_modules/@a/b": { integrity: "sha512-x" } } }),
    "node_modules/@a/b/package.json": JSON.stringify({ name: "@a/b", version: "1.0.0", license: "MIT" }),
  });
  const modules = ["runtime/main.ts", "node_modules/@a/b/one.js", "node_modules/@a/b/lib/two.js", "builtin:os"];
  assert.deepEqual(bundledPackages(root, modules), [{ name: "@a/b", version: "1.0.0", license: "MIT", integrity: "sha512-x" }]);
});
