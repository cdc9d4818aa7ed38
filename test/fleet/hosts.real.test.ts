/** Provider `hosts` and `pulumi up` itself: a fleet of unlike machines through its life. The steps build on each other. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { inventorySchema } from "../../infra/cli/inventories.ts";
import type { FleetStatus } from "../../infra/cli/table.ts";
import { Hosts } from "../support/hosts.ts";
import { evidence, Project, type Run } from "../support/project.ts";
import { UserStack } from "../support/stack.ts";

/** Short, so that a dead machine is given up soon; how long was waited is in the message. */
const CONNECT_TIMEOUT_MS = 3_000;

describe("a fleet of hosts", () => {
  const hosts = new Hosts("hosts");
  const project = new Project();
  let stack: UserStack;
  /** Writes the stack's file, with these keys of `rollout`, and this login of web-1's instead of its key file. */
  let configure: (changed?: { maxUnreachable?: number; login?: Record<string, unknown> }) => void;
  const caFile = join(project.folder, "ca.pem");

  before(async () => {
    const [web1, web2, bastion] = await Promise.all([hosts.make("web-1", "bookworm"), hosts.make("web-2"), hosts.make("bastion")]);
    await hosts.sh(
      "web-2",
      `set -e; useradd --create-home --shell /bin/sh deploy
      install -d -m 700 -o deploy /home/deploy/.ssh; install -m 600 -o deploy /root/.ssh/authorized_keys /home/deploy/.ssh/
      echo 'deploy ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/deploy
      printf 'Port 22\\nPort 2222\\nAllowUsers root deploy@${bastion.address}\\n' > /etc/ssh/sshd_config.d/test.conf
      systemctl restart ssh`,
    );
    stack = await UserStack.init(project, "prod");
    configure = ({ login = {}, ...rollout } = {}) =>
      stack.configure({
        name: "shop",
        app: { dir: "examples/fastapi", health: { path: "/healthz" }, environment: { DB_PASSWORD: "hunter2-in-the-environment" } },
        machines: {
          provider: "hosts",
          hosts: [
            { name: "web-1", ...web1, ...login },
            { name: "web-2", ...web2, user: "deploy", port: 2222, bastion },
          ],
        },
        rollout: { connectTimeoutMs: CONNECT_TIMEOUT_MS, ...rollout },
      });
    configure();
  });
  after(async () => {
    await Promise.allSettled([project.remove()]);
    hosts.close();
  });

  async function up(...args: string[]): Promise<Run> {
    const run = await stack.up(...args);
    assert.equal(run.code, 0, evidence(run));
    return run;
  }

  const curl = (url: string): string =>
    execFileSync("curl", ["-sS", "--fail", "--max-time", "10", "--cacert", caFile, url], { encoding: "utf8" });
  const processes = (status: FleetStatus): unknown => status.machines.map(({ supervisorPid, workers }) => [supervisorPid, workers.pids]);
  const healths = (status: FleetStatus): string[] => status.machines.map(({ health }) => health);

  test("pulumi up serves one release on both, for the Python of each; the stack's outputs say so", async () => {
    await up();
    const outputs = await stack.outputs();
    assert.deepEqual(Object.keys(outputs).sort(), ["caBundle", "inventory", "release", "skipped", "urls", "workers"]);
    assert.deepEqual(outputs.workers, { "web-1": { cores: 1, workers: 1 }, "web-2": { cores: 1, workers: 1 } });
    assert.deepEqual(outputs.skipped, []);
    assert.match(String(outputs.release), /^[0-9a-f]{64}$/);
    const inventory = inventorySchema.parse(outputs.inventory);
    assert.deepEqual(
      inventory.machines.map(({ name }) => name),
      ["web-1", "web-2"],
    );
    assert.doesNotMatch(JSON.stringify(inventory), /PRIVATE KEY/);
    writeFileSync(caFile, String(outputs.caBundle));
    const urls = outputs.urls as string[];
    assert.equal(urls.length, 2);
    for (const url of urls) assert.match(curl(url), /Hello from FastAPI/);
    const pythons = await Promise.all(["web-1", "web-2"].map((name) => hosts.sh(name, "python3 -V")));
    assert.deepEqual(
      pythons.map((version) => version.slice(0, 11)),
      ["Python 3.11", "Python 3.13"],
    );
  });

  test("fleet status asks the stack's machines, also through the bastion", async () => {
    const run = await stack.fleet(["status", "--json"]);
    assert.equal(run.code, 0, evidence(run));
    const status = JSON.parse(run.stdout) as FleetStatus;
    assert.equal(status.fleet, "shop");
    assert.deepEqual(healths(status), ["healthy", "healthy"]);
    assert.equal(status.release, (await stack.outputs()).release);
  });

  test("again, with nothing changed: preview and up show no changes, and nothing is restarted", async () => {
    const before = await stack.status();
    const preview = await stack.pulumi(["preview", "--expect-no-changes"]);
    assert.equal(preview.code, 0, evidence(preview));
    await up("--expect-no-changes");
    assert.deepEqual(processes(await stack.status()), processes(before));
  });

  test("with one line of the app changed, preview shows it, up puts it live on both", async () => {
    const path = join(project.folder, "examples/fastapi/main.py");
    writeFileSync(path, readFileSync(path, "utf8").replace("Hello from FastAPI", "Hello again from FastAPI"));
    const preview = await stack.pulumi(["preview"]);
    assert.match(preview.stdout, /web-2: new generation \(release [0-9a-f]{8} -> [0-9a-f]{8}/, evidence(preview));
    await up();
    for (const { url } of (await stack.status()).machines) assert.match(curl(url ?? ""), /Hello again/);
  });

  test("an app stopped by hand is mended, the other machine isn't touched, and the run after is quiet", async () => {
    await hosts.sh("web-2", "systemctl stop shop.socket 'shop@*'");
    const before = await stack.status();
    assert.match(healths(before)[1] ?? "", /^down/);
    const preview = await stack.pulumi(["preview", "--expect-no-changes"]);
    assert.notEqual(preview.code, 0, "a preview shows what up will mend");
    await up();
    const status = await stack.status();
    assert.deepEqual(healths(status), ["healthy", "healthy"]);
    assert.equal(status.machines[0]?.supervisorPid, before.machines[0]?.supervisorPid);
    await up("--expect-no-changes");
  });

  test("a dead machine stops up before anything is switched: it is named, with how long was waited", async () => {
    await hosts.kill("web-1");
    const run = await stack.up();
    assert.notEqual(run.code, 0, evidence(run));
    const waited = Number(/web-1: no answer for (\d+\.\d) s/.exec(run.stdout)?.[1]);
    assert.ok(waited >= CONNECT_TIMEOUT_MS / 1000 && waited < 10, evidence(run));
    assert.match(run.stdout, /Left as it is: everything; nothing was switched/);
    assert.match(run.stdout, /--skip.*maxUnreachable/);
    assert.doesNotMatch(run.stdout, /^\s+at .*:\d+:\d+/m);
  });

  test("fleet up --skip goes on without it and says so by exit code 3", async () => {
    const path = join(project.folder, "examples/fastapi/main.py");
    writeFileSync(path, readFileSync(path, "utf8").replace("Hello again", "Hello once more"));
    const run = await stack.fleet(["up", "--skip", "web-1"]);
    assert.equal(run.code, 3, evidence(run));
    assert.deepEqual((await stack.outputs()).skipped, ["web-1"]);
    const { machines } = await stack.status();
    assert.match(machines[0]?.health ?? "", /^unreachable/);
    assert.match(curl(machines[1]?.url ?? ""), /once more/);
  });

  test("with maxUnreachable, up goes on without it too, and changes nothing more", async () => {
    configure({ maxUnreachable: 1 });
    const before = await stack.status();
    await up();
    assert.deepEqual((await stack.outputs()).skipped, ["web-1"]);
    assert.deepEqual(processes(await stack.status()), processes(before));
  });

  test("the machine is back: it gets what it missed, the run after is quiet", async () => {
    await hosts.boot("web-1");
    configure();
    await up();
    for (const { url } of (await stack.status()).machines) assert.match(curl(url ?? ""), /once more/);
    assert.deepEqual((await stack.outputs()).skipped, []);
    await up("--expect-no-changes");
  });

  test("a private key given as a value, and the app's environment, are in no plain text of the state", async () => {
    const privateKey = readFileSync(hosts.login("web-1").privateKeyFile, "utf8");
    configure({ login: { privateKeyFile: undefined, privateKey } });
    await up();
    const exported = await stack.pulumi(["stack", "export"]);
    assert.match(exported.stdout, /"stdin"/);
    assert.doesNotMatch(exported.stdout, /PRIVATE KEY|hunter2/);
    assert.ok(!exported.stdout.includes(privateKey.split("\n")[1] ?? privateKey));
  });

  test("a dead machine doesn't block destroy", async () => {
    await hosts.kill("web-1");
    const run = await stack.pulumi(["destroy", "--yes", "--skip-preview"]);
    assert.equal(run.code, 0, evidence(run));
  });
});
