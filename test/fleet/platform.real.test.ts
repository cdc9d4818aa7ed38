/** Fleetwright as a library: packed, installed in another repository, type-checked there, and run. The steps build on each other. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { FleetStatus } from "../../infra/cli/table.ts";
import { remains } from "../../infra/machines/local/destroy.ts";
import { worldOf } from "../../infra/machines/local/world-id.ts";
import { Platform } from "../support/platform.ts";
import { evidence, Project, type Run } from "../support/project.ts";
import { UserStack } from "../support/stack.ts";

const MACHINES = fileURLToPath(new URL("../../infra/machines/local/main.ts", import.meta.url));
const STACK = "dev";

/** Most of it is the agent and supervisor that machines are sent. */
const PACKED_LIMIT_BYTES = 1_000_000;

interface Outputs {
  urls: Record<"hello" | "front", string[]>;
  caBundles: Record<"hello" | "front", string>;
  workers: Record<string, { cores: number; workers: number }>;
}

describe("the packed library in another repository", () => {
  let project: Project;
  let platform: Platform;
  let stack: UserStack;
  let world: string;

  before(() => {
    project = new Project();
    platform = new Platform(project);
    world = worldOf(platform.folder, STACK);
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.once(signal, () => {
        removeMachines();
        process.exit(1);
      });
    }
  });
  after(async () => {
    removeMachines();
    platform.remove();
    await project.remove();
  });

  // By what is there, not by the stack's state: that may be the half of a failure.
  function removeMachines(): void {
    spawnSync(process.execPath, [MACHINES, "down", "--world", world], { stdio: "inherit" });
  }

  async function succeed(running: Promise<Run>): Promise<Run> {
    const run = await running;
    assert.equal(run.code, 0, evidence(run));
    return run;
  }

  const outputs = async (): Promise<Outputs> => (await stack.outputs()) as unknown as Outputs;

  async function statusOf(fleet: string): Promise<FleetStatus> {
    return JSON.parse((await succeed(stack.fleet(["status", "--json", "--fleet", fleet]))).stdout) as FleetStatus;
  }

  test("npm pack builds what it packs: JavaScript, declarations, what is read by path, and nothing else", async () => {
    const { paths, bytes } = await platform.pack(project);
    for (const path of [
      "dist/infra/library.js",
      "dist/infra/library.d.ts",
      "dist/infra/cli/main.js",
      "dist/infra/machines/local/main.js",
      "dist/infra/offline/command-provider/main.js",
      "dist/infra/offline/language-host/main.js",
      "dist/infra/offline/go/pulumi/go.sum",
      "dist/infra/offline/go/caddy/go.sum",
      "dist/runtime-bundle/lib/fleethost.mjs",
      "dist/runtime-bundle/lib/node-worker.mjs",
      "dist/runtime-bundle/lib/asgi_worker.py",
    ]) {
      assert.ok(paths.includes(path), `${path} is missing among\n${paths.join("\n")}`);
    }
    assert.deepEqual(
      paths.filter((path) => /(^|\/)(test|examples|pack)\/|[^d]\.ts$/.test(path)),
      [],
    );
    assert.ok(bytes < PACKED_LIMIT_BYTES, `${bytes} bytes`);
  });

  test("npm install brings nothing that only this repository needs, and one SDK", async () => {
    await succeed(platform.run("npm", ["install", "--no-fund", "--no-audit", "--loglevel=error"]));
    const lock = JSON.parse(readFileSync(join(platform.folder, "package-lock.json"), "utf8")) as { packages: object };
    const installed = Object.keys(lock.packages).map((path) => path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length));
    assert.deepEqual(
      installed.filter((name) => /^(@?esbuild|node-linux-|fast-check|@types\/ssh2)/.test(name)),
      [],
    );
    assert.deepEqual(installed.filter((name) => name === "@pulumi/pulumi" || name === "typescript").sort(), [
      "@pulumi/pulumi",
      "typescript",
    ]);
  });

  test("its declarations type-check, libraries included, and name neither zod nor our insides", async () => {
    await succeed(platform.run("npm", ["run", "check"]));
    const { stdout } = await succeed(platform.run("npx", ["--no", "tsc", "--", "--noEmit", "--listFiles"]));
    assert.doesNotMatch(stdout, /node_modules\/zod\//);
    const ours = [...stdout.matchAll(/node_modules\/fleetwright\/dist\/(.*)\.d\.ts/g)].map(([, name]) => name).sort();
    assert.deepEqual(
      ours,
      [
        ...["args", "args/app", "args/autoscaling", "args/aws", "args/hardening", "args/https", "args/machines", "args/rollout"],
        ...["aws/rules/check", "aws/rules/clashes", "aws/rules/graph"],
        ...["errors", "fleet", "inventory", "library", "machines/machine", "outputs"],
      ].map((name) => `infra/${name}`),
    );
  });

  test("the rules run over any stacks: what is unsafe, and what two of them can't both have", async () => {
    const named = { name: "machines", tags: { team: "a" } };
    const role = { type: "aws:iam/role:Role", urn: "urn:pulumi:prod::p::aws:iam/role:Role::machines", inputs: named };
    const ssh = { cidrIpv4: "0.0.0.0/0", fromPort: 22, toPort: 22, tags: { team: "a" } };
    const type = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";
    const planned = { op: "create", newState: { type, urn: `urn:pulumi:dr::p::${type}::ssh`, inputs: ssh } };
    writeFileSync(join(platform.folder, "prod.json"), JSON.stringify({ version: 3, deployment: { resources: [role] } }));
    writeFileSync(join(platform.folder, "dr.json"), JSON.stringify({ steps: [planned, { op: "create", newState: role }] }));
    const run = await platform.run("node", ["check-aws.ts", "prod=eu-central-1:prod.json", "dr=eu-west-1:dr.json"]);
    assert.equal(run.code, 1, evidence(run));
    assert.match(run.stdout, /^open-to-all: aws:vpc\/securityGroupIngressRule:SecurityGroupIngressRule ssh lets everybody reach port 22/m);
    assert.match(run.stdout, /^clash: aws:iam\/role:Role machines of dr has the name "machines" of a Role, as .* of prod has/m);
    assert.equal(run.stdout.trim().split("\n").length, 2, run.stdout);
  });

  test("a wrong argument is a type error at its place", async () => {
    const path = join(platform.folder, "mistake.ts");
    writeFileSync(
      path,
      'import { Fleet } from "fleetwright";\nnew Fleet("x", {\n  app: { dirr: "apps/hello" },\n  machines: { provider: "local" },\n});\n',
    );
    const run = await platform.run("npm", ["run", "check"]);
    writeFileSync(path, "export {};\n");
    assert.match(run.stdout, /mistake\.ts\(3,10\): error TS\d+: .*'dirr'/, evidence(run));
  });

  test("two fleets come up in one stack, one told by an Output where the other is, each verified by its own CA bundle", async () => {
    stack = await UserStack.init(platform, STACK);
    await succeed(stack.up());
    const { urls, caBundles, workers } = await outputs();
    assert.deepEqual(workers, { "hello-1": { cores: 1, workers: 1 }, "front-1": { cores: 1, workers: 1 } });
    const ask = (fleet: "hello" | "front", ca: "hello" | "front"): string => {
      const file = join(platform.folder, `${ca}.pem`);
      writeFileSync(file, caBundles[ca]);
      return execFileSync("curl", ["-sS", "--fail", "--max-time", "10", "--cacert", file, urls[fleet][0] ?? ""], {
        encoding: "utf8",
        stdio: "pipe",
      });
    };
    assert.equal(ask("hello", "hello"), "hello\n");
    assert.deepEqual(JSON.parse(ask("front", "front")), { hello: urls.hello[0], stack: STACK });
    assert.throws(() => ask("front", "hello"), /certificate/);
  });

  test("the program's transform reached every command of both fleets", async () => {
    const { stdout } = await succeed(stack.pulumi(["stack", "export"]));
    const { deployment } = JSON.parse(stdout) as {
      deployment: { resources: { urn: string; type: string; inputs?: { environment?: unknown } }[] };
    };
    const commands = deployment.resources.filter(({ type }) => type === "command:local:Command");
    assert.deepEqual(
      commands.map(({ urn, inputs }) => [urn.split("::").at(-1), inputs?.environment]).sort(),
      ["front-1", "front-rollout", "hello-1", "hello-rollout"].map((name) => [name, { PLATFORM_STACK: STACK }]),
    );
    // It would be a change on every other computer. (Elsewhere in the state the SDK notes the source's position.)
    assert.ok(!JSON.stringify(commands.map(({ inputs }) => inputs)).includes(platform.folder), "a command holds a path of this computer");
  });

  test("npx fleet status shows both fleets; --json takes one at a time", async () => {
    const { stdout } = await succeed(stack.fleet(["status"]));
    for (const text of ["front:", "hello:", "front-1", "hello-1"]) assert.ok(stdout.includes(text), stdout);
    assert.deepEqual(
      (await statusOf("front")).machines.map(({ name, health }) => [name, health]),
      [["front-1", "healthy"]],
    );
    const both = await stack.fleet(["status", "--json"]);
    assert.equal(both.code, 2, evidence(both));
    assert.match(both.stderr, /several fleets: .*\nWhat to do: .*--fleet/);
  });

  test("again with nothing changed: no resource changes, no process is restarted", async () => {
    const pids = async (): Promise<unknown> =>
      (await Promise.all(["hello", "front"].map(statusOf))).map(({ machines }) =>
        machines.map((one) => [one.supervisorPid, one.workers.pids]),
      );
    const before = await pids();
    const { stdout } = await succeed(stack.up());
    assert.match(stdout, /^Resources:\n\s+\d+ unchanged$/m, stdout);
    assert.deepEqual(await pids(), before);
  });

  test("pulumi destroy leaves no machine", async () => {
    await succeed(stack.pulumi(["destroy", "--yes"]));
    assert.deepEqual(remains(world), []);
  });
});
