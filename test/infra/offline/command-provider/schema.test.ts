import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { packageSchema } from "../../../../infra/offline/command-provider/package-schema.ts";
import { nested, resources, runInputs, runOutputs, version } from "../../../../infra/offline/command-provider/schema.ts";

const installed = dirname(createRequire(import.meta.url).resolve("@pulumi/command/package.json"));

/** Names and whether they must be given, of an interface or class in the published package. */
function published(file: string, block: string): Record<string, boolean> {
  const text = readFileSync(join(installed, file), "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
  const start = text.search(new RegExp(`(interface|class) ${block}\\b`));
  assert.ok(start >= 0, `${file} has ${block}`);
  const indent = /^\s*/.exec(text.slice(text.lastIndexOf("\n", start) + 1))?.[0] ?? "";
  const body = text.slice(start, text.indexOf(`\n${indent}}`, start));
  const members = body.matchAll(/^\s+(?:readonly )?(\w+)(\??):/gm);
  return Object.fromEntries([...members].map(([, name, optional]) => [name, optional === ""]));
}

const names = (fields: object): string[] => Object.keys(fields).sort();

const files = {
  "command:local:Command": ["local/command.d.ts", "Command"],
  "command:remote:Command": ["remote/command.d.ts", "Command"],
  "command:remote:CopyToRemote": ["remote/copyToRemote.d.ts", "CopyToRemote"],
  "command:remote:CopyFile": ["remote/copyFile.d.ts", "CopyFile"],
} as const;

test("the version is the one of the published package", () => {
  assert.equal(JSON.parse(readFileSync(join(installed, "package.json"), "utf8")).version, version);
});

for (const [token, [file, name]] of Object.entries(files)) {
  test(`${token} has the inputs and outputs of the published package`, () => {
    const schema = resources[token]!;
    const inputs = published(file, `${name}Args`);
    assert.deepEqual(names(schema.inputs), names(inputs));
    assert.deepEqual(names({ ...schema.inputs, ...schema.outputs }), names(published(file, name)));
    for (const [input, required] of Object.entries(inputs)) {
      assert.equal(schema.inputs[input]?.required ?? false, required, `${input} required`);
    }
  });
}

test("connections have the properties of the published package", () => {
  assert.deepEqual(names(nested.connection), names(published("types/input.d.ts", "ConnectionArgs")));
  assert.deepEqual(names(nested.proxy), names(published("types/input.d.ts", "ProxyConnectionArgs")));
});

test("local.run has the properties of the published package", () => {
  assert.deepEqual(names(runInputs), names(published("local/run.d.ts", "RunArgs")));
  assert.deepEqual(names(runOutputs), names(published("local/run.d.ts", "RunResult")));
});

test("the package schema names all resources and what replaces them", () => {
  const schema = JSON.parse(packageSchema());
  assert.deepEqual(names(schema.resources), names(resources));
  assert.equal(schema.resources["command:local:Command"].inputProperties.triggers.replaceOnChanges, true);
  assert.equal(schema.types["command:remote:Connection"].properties.privateKey.secret, true);
  assert.equal(schema.types["command:remote:Connection"].properties.dialErrorLimit.default, 10);
});
