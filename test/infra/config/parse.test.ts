import assert from "node:assert/strict";
import { test } from "node:test";
import { parseFleet, parseStackConfig } from "../../../infra/config/parse.ts";
import { FleetError } from "../../../infra/errors.ts";

const hostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPUUmXRkXMRmYRHEkbkRwmDFpsP9bBLLqUAWPlBdyXm";

function problems(value: unknown): string[] {
  try {
    parseStackConfig(value);
  } catch (error) {
    assert.ok(error instanceof FleetError);
    assert.equal(error.exitCode, 2);
    assert.match(error.message, /nothing was created or changed/);
    return error.message
      .split("\n")
      .filter((line) => line.startsWith("  - "))
      .map((line) => line.slice(4));
  }
  return [];
}

test("the smallest configuration gets every default", () => {
  const config = parseStackConfig({ app: { dir: "app" }, machines: { provider: "local" } });
  assert.equal(config.name, "web");
  assert.deepEqual(config.machines, { provider: "local", count: 2, image: "trixie", cores: [1, "all"] });
  assert.deepEqual(config.workers, { count: "auto", perCore: 1 });
  const { limits, ...https } = config.https;
  assert.deepEqual(https, { mode: "internal", domains: [], redirects: [], httpPort: 80, httpsPort: 443, trustedProxies: [] });
  assert.equal(limits.bodyMiB, 512);
  assert.equal(config.rollout.maxUnreachable, 0);
});

test("a number of workers is short for a group with that count", () => {
  assert.deepEqual(parseStackConfig({ app: { dir: "a" }, machines: { provider: "local" }, workers: 4 }).workers, { count: 4, perCore: 1 });
});

test("an unknown key is named by its path, with the key that was meant", () => {
  assert.deepEqual(problems({ app: { dir: "a", helth: {} }, machines: { provider: "local" } }), [
    'app.helth: unknown key; did you mean "health"?',
  ]);
});

test("an unknown key with no near one lists what is allowed", () => {
  assert.deepEqual(problems({ app: { dir: "a" }, machines: { provider: "local", region: "x" } }), [
    "machines.region: unknown key; remove it; allowed: provider, count, image, cores, cpuQuota",
  ]);
});

test("a quota of CPU time has a least", () => {
  assert.deepEqual(problems({ app: { dir: "a" }, machines: { provider: "local", cpuQuota: 0 } }), [
    "machines.cpuQuota: given 0; allowed: 0.05 or more",
  ]);
});

test("two problems are both reported, by key path, with what was given and what is allowed", () => {
  assert.deepEqual(problems({ app: { dir: 3 }, machines: { provider: "local", count: "two" } }), [
    "app.dir: given 3; allowed: text",
    'machines.count: given "two"; allowed: a number',
  ]);
});

test("an unknown provider lists the known ones", () => {
  assert.deepEqual(problems({ app: { dir: "a" }, machines: { provider: "azure" } }), [
    'machines.provider: given "azure"; allowed: "local" or "hosts" or "ec2" or "autoscaling"',
  ]);
});

test("two hosts can't share a name", () => {
  const host = { name: "web-1", address: "192.0.2.1", hostKey };
  const hosts = [host, { ...host, address: "192.0.2.2" }];
  const [problem] = problems({ app: { dir: "a" }, machines: { provider: "hosts", hosts } });
  assert.match(problem ?? "", /^machines\.hosts\.1\.name: "web-1" is the name of machine 0 already/);
});

test("one machine can't be two hosts", () => {
  const host = { name: "web-1", address: "192.0.2.1", hostKey };
  const twin = (more: object) =>
    problems({ app: { dir: "a" }, machines: { provider: "hosts", hosts: [host, { ...host, name: "web-2", ...more }] } });
  assert.match(twin({})[0] ?? "", /^machines\.hosts\.1\.address: this is the address and port of machine 0 already/);
  assert.deepEqual(twin({ port: 2222 }), []);
});

test("a key file is named from the root or from one's home, as commands run in several folders", () => {
  const host = { name: "web-1", address: "192.0.2.1", hostKey, privateKeyFile: "keys/id" };
  assert.match(
    problems({ app: { dir: "a" }, machines: { provider: "hosts", hosts: [host] } })[0] ?? "",
    /^machines\.hosts\.0\.privateKeyFile: given "keys\/id"; allowed: a path from the root/,
  );
});

test("a group of keys where text belongs is not printed with what it holds", () => {
  assert.deepEqual(problems({ app: [{ environment: { DB_PASSWORD: "hunter2" } }], machines: { provider: "local" } }), [
    "app: given a list; allowed: a group of keys",
  ]);
});

test("a host key must look like one", () => {
  const host = { name: "web-1", address: "192.0.2.1", hostKey: "SHA256:abc" };
  assert.match(
    problems({ app: { dir: "a" }, machines: { provider: "hosts", hosts: [host] } })[0] ?? "",
    /^machines\.hosts\.0\.hostKey: .*ssh-keyscan/,
  );
});

test("both an ASGI application and a Node module are one too many", () => {
  assert.match(
    problems({ app: { dir: "a", asgi: "main:app", node: "a.ts" }, machines: { provider: "local" } })[0] ?? "",
    /^app\.node: .*not both/,
  );
});

test("a secret is not repeated in an error", () => {
  const found = problems({ app: { dir: "a", environment: { "BAD KEY": "hush", GOOD: 5 } }, machines: { provider: "local" } });
  assert.equal(found.length > 0, true);
  assert.doesNotMatch(found.join("\n"), /hush/);
});

test("values that a program gives as promises are taken as they are", () => {
  const address = Promise.resolve("192.0.2.1");
  const config = parseFleet("web", {
    app: { dir: "a", environment: { K: address } },
    machines: { provider: "hosts", hosts: [{ name: "a", address, hostKey }] },
  });
  assert.equal(config.app.environment.K, address);
});

test("a value that isn't there at all is one clear problem", () => {
  assert.deepEqual(problems(undefined), ["(the whole value): missing; it must be a group of keys"]);
});

test("a fleet's name must fit units, folders and users", () => {
  assert.throws(
    () => parseFleet("My Fleet", { app: { dir: "a" }, machines: { provider: "local" } }),
    /"My Fleet" can't be a fleet's name: lower-case/,
  );
});

test("a batch is a number of machines or a part of the fleet, and steps have names of their own", () => {
  const machines = { provider: "local" };
  const steps = [
    { name: "migrate", command: ["./a"] },
    { name: "migrate", command: ["./b"] },
  ];
  const good = parseFleet("web", { app: { dir: "x", once: steps.slice(1) }, machines, rollout: { batch: "50%", pauseMs: 100 } });
  assert.deepEqual([good.rollout.batch, good.rollout.pauseMs], ["50%", 100]);
  assert.equal(parseFleet("web", { app: { dir: "x" }, machines }).rollout.batch, "25%");
  assert.deepEqual(good.app.once, [{ name: "migrate", command: ["./b"], repeatable: false, timeoutMs: 600_000 }]);
  for (const batch of ["25", "0%", "101%", 0]) {
    assert.throws(() => parseFleet("web", { app: { dir: "x" }, machines, rollout: { batch } }), /rollout\.batch: given/);
  }
  assert.throws(
    () => parseFleet("web", { app: { dir: "x", once: steps }, machines }),
    /app\.once\.1\.name: is "migrate", like another step's/,
  );
});

test("the reserved deploy user is no bastion's: its key may not forward", () => {
  const login = { address: "192.0.2.1", hostKey, user: "fleetwright-deploy" };
  const hosts = [{ name: "web-1", ...login, bastion: { ...login, address: "192.0.2.9" } }];
  assert.deepEqual(problems({ app: { dir: "a" }, machines: { provider: "hosts", hosts } }), [
    "machines.hosts.0.bastion.user: \"fleetwright-deploy\" can't be a bastion's user, as its key may not forward; " +
      "give the bastion a login of its own",
  ]);
});
