/** Secrets reach the app, and nothing else: searched for in Pulumi's state and output, in processes, journals and on disks. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { FleetDrift } from "../../infra/cli/drift.ts";
import { searchMachine } from "./secrets/search-machine.ts";
import { Hosts } from "../support/hosts.ts";
import { leaks, pidInside, processFiles, tracesOf, watchCommandLines } from "../support/leaks.ts";
import { startLoad } from "../support/load.ts";
import { writeNodeApp } from "../support/node-app.ts";
import { evidence, Project, type Run } from "../support/project.ts";
import { APP, BROKEN, password, pem, sha } from "../support/secret-app.ts";
import { UserStack } from "../support/stack.ts";

const NAMES = ["web-1", "web-2"];

/** What the app answers with the right secrets. */
const tellsOf = (value: string): object => ({ variable: sha(value), file: sha(pem), both: false });

describe("secrets", () => {
  const hosts = new Hosts("secrets");
  const project = new Project();
  const caFile = join(project.folder, "ca.pem");
  let stack: UserStack;
  let current = password();
  const given = [current, pem];
  const traces = () => given.flatMap(tracesOf);

  before(async () => {
    await Promise.all([hosts.make("web-1", "bookworm"), hosts.make("web-2")]);
    writeNodeApp(join(project.folder, "app"), APP);
    await configure("prod", NAMES);
  });
  after(async () => {
    await Promise.allSettled([project.remove()]);
    hosts.close();
  });

  /** A new stack with both secrets. */
  async function configure(name: string, machines: readonly string[]): Promise<void> {
    stack = await UserStack.init(project, name);
    stack.configure({
      name: "shop",
      app: { dir: "app", secrets: { TLS_KEY: { as: "credential" } } },
      machines: { provider: "hosts", hosts: machines.map((machine) => ({ name: machine, ...hosts.login(machine) })) },
    });
    await set("TLS_KEY.value", pem);
    await set("DB_PASSWORD", current);
  }

  async function set(path: string, value: string): Promise<void> {
    const run = await stack.pulumi(["config", "set", "--secret", "--path", `fleetwright:fleet.app.secrets.${path}`, value]);
    assert.equal(run.code, 0, evidence(run));
  }

  /** Its output and every process's command line meanwhile are searched, too. */
  async function pulumi(...args: string[]): Promise<Run> {
    const watch = watchCommandLines(traces());
    const run = await stack.pulumi(args);
    assert.deepEqual(watch.stop(), []);
    assert.ok(!leaks(traces(), run.stdout + run.stderr), evidence(run));
    return run;
  }

  async function up(...args: string[]): Promise<Run> {
    const run = await pulumi("up", "--yes", "--skip-preview", ...args);
    assert.equal(run.code, 0, evidence(run));
    return run;
  }

  async function seen(): Promise<unknown[]> {
    const outputs = await stack.outputs();
    writeFileSync(caFile, String(outputs.caBundle));
    return (outputs.urls as string[]).map((url) => {
      const answer = execFileSync("curl", ["-sS", "--fail", "--max-time", "10", "--cacert", caFile, url], { encoding: "utf8" });
      return JSON.parse(answer) as unknown;
    });
  }

  const searched = (name: string, options: { journal: boolean }): Promise<void> =>
    searchMachine(hosts, name, traces(), { ...options, app: "shop", folder: project.folder });

  /** `fleet ARGS`, whose output is searched, too. */
  async function fleet(code: number, ...args: string[]): Promise<Run> {
    const run = await stack.fleet(args);
    assert.equal(run.code, code, evidence(run));
    assert.ok(!leaks(traces(), run.stdout + run.stderr), evidence(run));
    return run;
  }

  test("the app gets every byte, as a variable and as a file, on Debian 12 and 13", async () => {
    await up();
    assert.deepEqual(await seen(), Array(2).fill(tellsOf(current)));
  });

  test("the values are in no process but the workers, on no disk but in the credential store, and in no journal", async () => {
    const { machines } = await stack.status();
    const workers = machines.flatMap((machine) => machine.workers.pids);
    assert.ok(workers.length > 1);
    for (const name of NAMES) await searched(name, { journal: true });
    for (const { pid, content } of processFiles("cmdline")) assert.ok(!leaks(traces(), content), `command line of ${pid}`);
    const holders = processFiles("environ").filter(({ content }) => leaks(traces(), content));
    assert.deepEqual(holders.map(({ pid }) => pidInside(pid)).sort(), [...workers].sort());
  });

  test("the store is root's own", async () => {
    for (const name of NAMES) {
      const modes = await hosts.sh(name, "cd /etc/credstore; stat -c '%a %U' shop shop/* /var/lib/fleetwright/secret.key; ls shop | wc -l");
      assert.deepEqual(modes.split("\n"), ["700 root", "600 root", "600 root", "600 root", "2"]);
    }
  });

  test("state, configuration and outputs have no value, and the two machines' versions differ", async () => {
    for (const file of readdirSync(project.folder, { recursive: true, encoding: "utf8" }).filter((name) => name.startsWith(".state/")))
      if (file.endsWith(".json")) assert.ok(!leaks(traces(), readFileSync(join(project.folder, file))), file);
    const exported = await stack.pulumi(["stack", "export"]);
    assert.match(exported.stdout, /"stdin"/);
    assert.ok(!leaks(traces(), exported.stdout + readFileSync(join(project.folder, "Pulumi.prod.yaml"), "utf8")));
    const keys = await Promise.all(NAMES.map((name) => hosts.sh(name, "cat /var/lib/fleetwright/secret.key")));
    for (const key of keys) assert.ok(!exported.stdout.includes(key), "the key of the versions");
    const stores = await Promise.all(NAMES.map((name) => hosts.sh(name, "ls /etc/credstore/shop")));
    assert.notEqual(stores[0], stores[1]);
  });

  test("again, with nothing changed, nothing changes", async () => {
    const preview = await pulumi("preview", "--expect-no-changes");
    assert.equal(preview.code, 0, evidence(preview));
    await up("--expect-no-changes");
  });

  test("a release that says its secrets and dies is undone; what it said is shown without them", async () => {
    writeFileSync(join(project.folder, "app/server.js"), BROKEN);
    const run = await pulumi("up", "--yes", "--skip-preview");
    assert.notEqual(run.code, 0, evidence(run));
    assert.match(run.stdout + run.stderr, /cannot connect with \[secret\]/);
    await searched("web-1", { journal: false });
    assert.match(await hosts.sh("web-1", "journalctl -u 'shop@*' -o cat --all"), /cannot connect with p"a/);
    const logs = await fleet(0, "logs", "--since", "1h");
    assert.match(logs.stdout, /^web-1 .*cannot connect with \[secret\]/m);
    assert.doesNotMatch(logs.stdout, /"logger":"admin\.api"/);
    writeFileSync(join(project.folder, "app/server.js"), APP);
    await up();
  });

  test("a rotated secret is a new generation, loses nothing, and the run after is quiet", async () => {
    const before = await stack.status();
    const load = startLoad({
      origin: String(before.machines[0]?.url),
      caPem: readFileSync(caFile, "utf8"),
      requestsPerSecond: 40,
      maxRequests: 4_000,
    });
    const old = current;
    current = password();
    given.push(current);
    await set("DB_PASSWORD", current);
    const preview = await pulumi("preview");
    assert.match(preview.stdout, /web-1: new generation \(secrets\)/, evidence(preview));
    await up();
    const { sent, failures, bodies } = await load.stop();
    assert.ok(sent > 50);
    assert.deepEqual(failures, []);
    assert.deepEqual(
      bodies.map((body) => (JSON.parse(body) as { variable: string }).variable),
      [sha(old), sha(current)],
    );
    const after = await stack.status();
    assert.deepEqual(
      after.machines.map(({ release }) => release),
      before.machines.map(({ release }) => release),
    );
    await up("--expect-no-changes");
  });

  test("values go with the last generation that names them", async () => {
    for (const next of Array.from({ length: 5 }, password)) {
      current = next;
      given.push(next);
      await set("DB_PASSWORD", next);
      await up();
    }
    for (const name of NAMES) {
      const [store, generations] = await Promise.all([
        hosts.sh(name, "ls /etc/credstore/shop | grep -c DB_"),
        hosts.sh(name, "ls /srv/shop/generations | wc -l"),
      ]);
      assert.equal(store, generations);
      assert.ok(Number(store) <= 5, `${store} values are kept`);
    }
  });

  test("a rollback brings the secrets of its time with it, out of the store; up says what it brings, and brings the newer ones", async () => {
    const old = current;
    current = password();
    given.push(current);
    writeFileSync(join(project.folder, "app/server.js"), `${APP}// newer`);
    await set("DB_PASSWORD", current);
    await up();
    assert.deepEqual(await seen(), Array(2).fill(tellsOf(current)));
    await fleet(0, "rollback");
    assert.deepEqual(await seen(), Array(2).fill(tellsOf(old)));
    const preview = await pulumi("preview");
    assert.match(
      preview.stdout,
      /web-1: new generation \(release \w{8} -> \w{8}, secrets\); rolled back from \w{8} at .*: this brings it back/,
      evidence(preview),
    );
    await up();
    assert.deepEqual(await seen(), Array(2).fill(tellsOf(current)));
  });

  test("a value that is changed, missing or open on a machine is drift, exit code 2; up mends it with nothing lost, then all is quiet", async () => {
    await fleet(0, "drift");
    const file = (name: string): string => `$(systemctl cat 'shop@*' | sed -n 's/^LoadCredential=${name}://p' | tail -1)`;
    await hosts.sh("web-1", `set -e; f=${file("DB_PASSWORD")}; echo altered > $f; chmod 644 $f; systemctl restart 'shop@*'`);
    await hosts.sh("web-2", `set -e; rm ${file("TLS_KEY")}`);
    const [one] = JSON.parse((await fleet(2, "drift", "--json")).stdout) as FleetDrift[];
    const [first, second] = one?.machines.map(({ drift }) => drift.join("\n")) ?? [];
    assert.match(first ?? "", /secret DB_PASSWORD was changed[\s\S]*DB_PASSWORD can be read by others than root/);
    assert.match(second ?? "", /^the value of the secret TLS_KEY is missing \(.*\)$/);
    assert.match((await stack.fleet(["status"])).stdout, /web-2: drift: the value of the secret TLS_KEY is missing/);
    const origin = String((await stack.status()).machines[0]?.url);
    const load = startLoad({ origin, caPem: readFileSync(caFile, "utf8"), requestsPerSecond: 40, maxRequests: 4_000 });
    await up();
    const { failures, bodies } = await load.stop();
    assert.deepEqual(failures, []);
    assert.equal((JSON.parse(bodies.at(-1) ?? "") as { variable: string }).variable, sha(current));
    assert.deepEqual(await seen(), Array(2).fill(tellsOf(current)));
    await fleet(0, "drift");
    await up("--expect-no-changes");
  });

  test("with Pulumi's state lost nothing is rotated, and a machine that joins gets every secret", async () => {
    const before = await stack.status();
    await hosts.make("web-3");
    await configure("again", [...NAMES, "web-3"]);
    await up();
    const { machines } = await stack.status();
    assert.deepEqual(
      machines.slice(0, 2).map(({ workers }) => workers.pids),
      before.machines.map(({ workers }) => workers.pids),
    );
    assert.deepEqual(await seen(), Array(3).fill(tellsOf(current)));
    await up("--expect-no-changes");
  });
});
