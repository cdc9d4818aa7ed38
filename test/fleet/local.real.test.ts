/** One local fleet through its life: up, again, a change, a crash, a reboot, losses, down. The steps build on each other. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { FleetStatus, MachineStatus } from "../../infra/cli/table.ts";
import { bootMachine, killMachine, loseMachine } from "../../infra/machines/local/create.ts";
import { remains } from "../../infra/machines/local/destroy.ts";
import { worldOf } from "../../infra/machines/local/world-id.ts";
import { startLoad } from "../support/load.ts";
import { until } from "../support/poll.ts";
import { evidence, Project, type Run } from "../support/project.ts";

describe("a local fleet", () => {
  let project: Project;
  let world: string;
  const state = (): string => join(project.folder, ".fleetwright/local");
  const ca = (): string => join(state(), "ca.pem");
  const quietly = (): void => undefined;

  before(() => {
    project = new Project();
  });
  after(() => project.remove());

  async function up(...args: string[]): Promise<Run> {
    const run = await project.fleet(["local", ...args]);
    assert.equal(run.code, 0, evidence(run));
    return run;
  }

  function editApp(change: (source: string) => string): void {
    const path = join(project.folder, "examples/fastapi/main.py");
    writeFileSync(path, change(readFileSync(path, "utf8")));
  }

  const machine = (status: FleetStatus, name: string): MachineStatus => {
    const found = status.machines.find((candidate) => candidate.name === name);
    assert.ok(found, `no machine ${name} in ${JSON.stringify(status)}`);
    return found;
  };
  const pids = (status: FleetStatus): unknown => status.machines.map(({ supervisorPid, workers }) => [supervisorPid, workers.pids]);
  const curl = (url: string): string =>
    execFileSync("curl", ["-sS", "--fail", "--max-time", "10", "--cacert", ca(), url], { encoding: "utf8" });

  test("comes up with a worker for each core, and the curl line works as printed", async () => {
    const run = await up();
    world = worldOf(state(), "local");
    const line = /^ {2}(curl --cacert .*)$/m.exec(run.stdout)?.[1];
    assert.ok(line, evidence(run));
    assert.match(execFileSync("sh", ["-c", `${line} -sS --fail --max-time 10`], { cwd: project.folder, encoding: "utf8" }), /FastAPI/);
    for (const heading of ["machine", "address", "URL", "cores", "supervisor", "workers", "release", "health"])
      assert.ok(run.stdout.includes(heading), heading);
    const status = await project.status();
    const cores = Number(execFileSync("nproc", { encoding: "utf8" }));
    assert.deepEqual(
      status.machines.map((one) => [one.name, one.cores, one.workers.wanted, one.workers.ready, one.health]),
      [
        ["web-1", 1, 1, 1, "healthy"],
        ["web-2", cores, cores, cores, "healthy"],
      ],
    );
  });

  test("status --json has exactly what is documented, and the CA file verifies every machine", async () => {
    const status = await project.status();
    assert.deepEqual(Object.keys(status), ["fleet", "release", "machines"]);
    for (const one of status.machines) {
      assert.deepEqual(Object.keys(one).sort(), [
        "address",
        "certificates",
        "cores",
        "drift",
        "generation",
        "health",
        "name",
        "notes",
        "release",
        "rolledBack",
        "supervisorPid",
        "unreachable",
        "url",
        "workers",
      ]);
      assert.deepEqual(Object.keys(one.workers), ["wanted", "ready", "pids"]);
      assert.match(curl(one.url ?? ""), /FastAPI/);
    }
  });

  test("plain HTTP is redirected to HTTPS", async () => {
    const { address } = machine(await project.status(), "web-1");
    const headers = execFileSync("curl", ["-sS", "--max-time", "10", "-o", "/dev/null", "-D", "-", `http://${address}/healthz`], {
      encoding: "utf8",
    });
    assert.match(headers, /^HTTP\/1\.1 308/);
    assert.match(headers, new RegExp(`^location: https://${address}/healthz`, "im"));
  });

  test("again with nothing changed: no resource changes, nothing is sent, no process is restarted", async () => {
    const before = await project.status();
    const run = await up();
    assert.match(run.stdout, /^No changes\.$/m);
    assert.doesNotMatch(run.stderr, /sending| start /);
    assert.deepEqual(pids(await project.status()), pids(before));
  });

  test("one changed line is live on both under load, with no request lost and the old generation drained", async () => {
    const before = await project.status();
    const loads = before.machines.map(({ url }) =>
      startLoad({ origin: url ?? "", caPem: readFileSync(ca(), "utf8"), requestsPerSecond: 15, maxRequests: 4_000 }),
    );
    editApp((source) => source.replace("Hello from FastAPI", "Hello again from FastAPI"));
    const run = await up();
    // The packages are there from before.
    assert.match(run.stderr, /web-1 +release +sending \d+ kB/, evidence(run));
    assert.doesNotMatch(run.stderr, /sending [\d.]+ MB/, evidence(run));
    for (const load of loads) {
      const result = await load.stop();
      assert.deepEqual(result.failures, []);
      assert.ok(result.sent > 20, `only ${result.sent} requests were sent`);
    }
    const status = await project.status();
    assert.notEqual(status.release, before.release);
    assert.ok(status.release);
    for (const one of status.machines) {
      assert.match(curl(one.url ?? ""), /Hello again/);
      assert.notEqual(one.supervisorPid, machine(before, one.name).supervisorPid);
    }
  });

  test("an app that crashes at start leaves the old release serving, and its last lines are in the error", async () => {
    const before = await project.status();
    editApp((source) => `${source}\nraise RuntimeError("boom at import")\n`);
    const run = await project.fleet(["local"]);
    assert.equal(run.code, 1, evidence(run));
    assert.match(run.stderr, /boom at import/);
    assert.match(run.stderr, /Left as it is: /);
    assert.match(run.stderr, /What to do: /);
    assert.match(run.stderr, /The fleet is on release [0-9a-f]{8}\.\s*$/, "the last word is ours, not the engine's");
    const status = await project.status();
    assert.deepEqual([status.release, pids(status)], [before.release, pids(before)]);
    editApp((source) => source.replace('\nraise RuntimeError("boom at import")\n', "\n# mended\n"));
    await up();
    assert.notEqual((await project.status()).release, before.release);
  });

  test("a reboot with other cores: the fleet serves by itself, sized to what it has now", async () => {
    const { url } = machine(await project.status(), "web-2");
    await killMachine(world, "web-2", quietly);
    await bootMachine(world, "web-2", 1, quietly);
    await until("web-2 serves again", () => /FastAPI/.test(curl(url ?? "")), 30_000);
    const status = machine(await project.status(), "web-2");
    assert.deepEqual([status.cores, status.workers.wanted, status.workers.ready], [1, 1, 1]);
  });

  test("a machine with other cores than the configuration's is mended, and the run after is quiet", async () => {
    await up();
    assert.equal(machine(await project.status(), "web-2").cores, Number(execFileSync("nproc", { encoding: "utf8" })));
    assert.match((await up()).stdout, /^No changes\.$/m);
  });

  test("state lost: the run converges on living machines and restarts nothing", async () => {
    const before = await project.status();
    rmSync(join(state(), "state"), { recursive: true });
    const run = await up();
    assert.doesNotMatch(run.stderr, /sending/);
    assert.deepEqual(pids(await project.status()), pids(before));
    assert.match((await up()).stdout, /^No changes\.$/m);
  });

  test("machine lost: it is rebuilt, the other isn't touched, and the run after is quiet", async () => {
    const before = await project.status();
    await loseMachine(world, "web-1", quietly);
    await up();
    const status = await project.status();
    assert.deepEqual(machine(status, "web-2").workers.pids, machine(before, "web-2").workers.pids);
    assert.equal(machine(status, "web-1").health, "healthy");
    for (const { url } of status.machines) assert.match(curl(url ?? ""), /FastAPI/);
    assert.match((await up()).stdout, /^No changes\.$/m);
  });

  test("Ctrl-C half-way through a rollout: the fleet is on one release, and the next run works", async () => {
    const before = await project.status();
    editApp((source) => source.replace("Hello again from FastAPI", "Hello once more from FastAPI"));
    let interrupted = false;
    const run = await project.fleet(["local"], {
      onStderr: (text, kill) => {
        if (interrupted || !/ start /.test(text)) return;
        interrupted = true;
        kill("SIGINT");
      },
    });
    assert.notEqual(run.code, 0, evidence(run));
    await until("every machine is back on the release before", async () => (await project.status()).release === before.release, 60_000);
    await up();
    for (const { url } of (await project.status()).machines) assert.match(curl(url ?? ""), /once more/);
  });

  test("another app on the same machines is another release: no request is lost on the way from FastAPI to Node", async () => {
    const { url } = machine(await project.status(), "web-1");
    const load = startLoad({ origin: url ?? "", caPem: readFileSync(ca(), "utf8"), requestsPerSecond: 40, maxRequests: 4_000 });
    await up("--app", "examples/node");
    assert.deepEqual((await load.stop()).failures, []);
    for (const one of (await project.status()).machines) assert.match(curl(one.url ?? ""), /Fastify/);
  });

  test("down leaves nothing: no machine, namespace, link, mount or process; also when its folder was removed by hand", async () => {
    rmSync(join(project.folder, ".fleetwright"), { recursive: true });
    const run = await project.fleet(["local:down"]);
    assert.equal(run.code, 0, evidence(run));
    assert.deepEqual(remains(world), []);
    assert.equal((await project.fleet(["local:down"])).code, 0);
  });
});
