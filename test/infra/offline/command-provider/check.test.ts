import assert from "node:assert/strict";
import { test } from "node:test";
import { check } from "../../../../infra/offline/command-provider/check.ts";
import { type Fields, resources } from "../../../../infra/offline/command-provider/schema.ts";
import { isSecret, open, reveal, secret, unknown, type WireMap } from "../../../../infra/offline/command-provider/wire.ts";

const remote = resources["command:remote:Command"]!.inputs;
const local = resources["command:local:Command"]!.inputs;
const checked = (fields: Fields, inputs: WireMap) => check(fields, inputs);

test("a connection becomes secret, with defaults filled in and its keys secret inside", () => {
  const { inputs, failures } = checked(remote, { connection: { host: "h", privateKey: "k", proxy: { host: "b" } } });
  assert.deepEqual(failures, []);
  assert.ok(isSecret(inputs["connection"]));
  const connection = open(inputs["connection"]) as WireMap;
  assert.ok(isSecret(connection["privateKey"]));
  const defaults = { port: 22, user: "root", dialErrorLimit: 10, perDialTimeout: 15 };
  assert.deepEqual(reveal(connection), { host: "h", privateKey: "k", ...defaults, proxy: { host: "b", ...defaults } });
});

test("a missing host, a wrong type and an unknown property are reported together, by path", () => {
  const { failures } = checked(remote, { connection: { port: "22" }, environment: { A: 1 }, extra: 1 } as WireMap);
  assert.deepEqual(failures.map(({ property }) => property).sort(), ["connection.host", "connection.port", "environment", "extra"]);
});

test("values that are not known yet pass, at any depth", () => {
  const given = { connection: { host: unknown, port: "3eeb2bf0-c639-47a8-9e75-3b44932eb421" }, create: unknown };
  assert.deepEqual(checked(remote, given).failures, []);
  assert.deepEqual(checked(remote, { connection: "dd056dcd-154b-4c76-9bd3-c8f88648b5ff" }).failures, []);
  assert.deepEqual(checked(local, { environment: { A: unknown }, assetPaths: [unknown] }).failures, []);
});

test("a value that the program marked secret stays secret", () => {
  const { inputs } = checked(local, { stdin: secret("s"), environment: { A: secret("x") } });
  assert.ok(isSecret(inputs["stdin"]));
  assert.ok(isSecret((inputs["environment"] as WireMap)["A"]));
});

test("what the engine adds for itself is left out", () => {
  const { inputs, failures } = checked(local, { create: "true", __defaults: [], version: "1.2.1" });
  assert.deepEqual([inputs, failures], [{ create: "true" }, []]);
});

test("a logging value that doesn't exist is named with those that do", () => {
  const { failures } = checked(local, { logging: "loud" });
  assert.match(failures[0]?.reason ?? "", /stdoutAndStderr/);
});
