import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseFleet, parseStackConfig } from "../../infra/config/parse.ts";
import { exitCodes, FleetError } from "../../infra/errors.ts";
import { anyJson, fuzz, spoiled } from "./fuzz.ts";

const hostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPUUmXRkXMRmYRHEkbkRwmDFpsP9bBLLqUAWPlBdyXm";
const hosts = {
  provider: "hosts",
  hosts: [
    { name: "a", address: "192.0.2.1", hostKey },
    { name: "b", address: "192.0.2.2", user: "deploy", hostKey },
  ],
};
const goods = [
  { app: { dir: "app", asgi: "main:app" }, machines: { provider: "local", count: 2 } },
  {
    app: {
      dir: "app",
      command: ["./server"],
      listen: "port",
      environment: { A: "1" },
      once: [{ name: "migrate", command: ["./m"] }],
      recycle: { lifetimeMs: 3_600_000 },
    },
    machines: hosts,
    workers: { count: 2, perCore: 1 },
    https: { domains: ["shop.example"] },
    rollout: { batch: "50%", skip: ["a"] },
  },
  { app: { dir: "app", node: "server.ts", secrets: { TOKEN: "s3cret-value" } }, machines: hosts },
];

/** Parsed, or a FleetError for the command line whose problems each have a key path. */
function check(parse: () => unknown): void {
  try {
    assert.equal(typeof parse(), "object");
  } catch (error) {
    assert.ok(error instanceof FleetError, `not a FleetError: ${(error as Error).stack}`);
    assert.equal(error.exitCode, exitCodes.usage);
    const problems = error.message.split(/\n {2}- /).slice(1);
    assert.ok(problems.length > 0, error.message);
    for (const problem of problems) assert.match(problem, /^[^]+: [^]+/);
    assert.ok(!error.message.includes("s3cret-value"), "a secret is told");
  }
  assert.equal(({} as Record<string, unknown>)["x"], undefined, "no prototype was changed");
}

test("the samples are good", () => {
  for (const good of goods) parseFleet("web", good);
});

test("any value is a configuration or has problems by key path", () =>
  fuzz("any value", fc.oneof(fc.anything({ withNullPrototype: true, withDate: true, withMap: true }), anyJson), (value) => {
    check(() => parseFleet("web", value));
    check(() => parseStackConfig(value));
  }));

test("a configuration with spoiled parts is one or has problems by key path", () =>
  fuzz("spoiled configuration", fc.constantFrom(...goods).chain(spoiled), (value) => {
    check(() => parseFleet("web", value));
    check(() => parseStackConfig(value));
  }));
