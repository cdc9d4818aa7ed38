/**
 * A fleet in operation: back to an earlier release under load, drift found and mended, logs, logins, and a machine's end.
 * The steps build on each other.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { FleetDrift } from "../../infra/cli/drift.ts";
import type { FleetStatus } from "../../infra/cli/table.ts";
import type { Releases } from "../../runtime/report.ts";
import { Hosts } from "../support/hosts.ts";
import { startLoad } from "../support/load.ts";
import { evidence, Project, type Run } from "../support/project.ts";
import { UserStack } from "../support/stack.ts";

const names = ["web-1", "web-2"];

describe("a fleet in operation", () => {
  const hosts = new Hosts("operate");
  const project = new Project();
  const caFile = join(project.folder, "ca.pem");
  let stack: UserStack;

  before(async () => {
    const logins = await Promise.all(names.map((name) => hosts.make(name)));
    stack = await UserStack.init(project, "prod");
    stack.configure({
      name: "shop",
      app: { dir: "examples/fastapi", health: { path: "/healthz" } },
      machines: { provider: "hosts", hosts: names.map((name, index) => ({ name, ...logins[index] })) },
      rollout: { connectTimeoutMs: 3_000 },
    });
    await run(0, "up");
    writeFileSync(caFile, String((await stack.outputs()).caBundle));
    change("Hello from FastAPI", "Hello again");
    await run(0, "up");
  });
  after(async () => {
    await Promise.allSettled([project.remove()]);
    hosts.close();
  });

  /** `fleet ARGS`, which must end with this exit code. */
  async function run(code: number, ...args: string[]): Promise<Run> {
    const done = await stack.fleet(args);
    assert.equal(done.code, code, evidence(done));
    return done;
  }

  function change(from: string, to: string): void {
    const path = join(project.folder, "examples/fastapi/main.py");
    writeFileSync(path, readFileSync(path, "utf8").replace(from, to));
  }

  const curl = (url: string): string =>
    execFileSync("curl", ["-sS", "--fail", "--max-time", "10", "--cacert", caFile, url], { encoding: "utf8" });

  async function greetings(): Promise<string[]> {
    return (await stack.status()).machines.map(({ url }) => /Hello \w+/.exec(curl(url ?? ""))?.[0] ?? "");
  }

  async function quiet(): Promise<void> {
    const preview = await stack.pulumi(["preview", "--expect-no-changes"]);
    assert.equal(preview.code, 0, evidence(preview));
  }

  async function releases(): Promise<Releases[]> {
    const [fleet] = JSON.parse((await run(0, "releases", "--json")).stdout) as { machines: { releases: Releases }[] }[];
    return fleet?.machines.map((machine) => machine.releases) ?? [];
  }

  test("releases: on each machine two, by whom, and which is live and which was before", async () => {
    for (const { history, live, previous, stored } of await releases()) {
      assert.deepEqual(
        history.map(({ event }) => event),
        ["confirmed", "confirmed"],
      );
      for (const { by } of history) assert.match(by, new RegExp(`@${hostname()}$`));
      assert.deepEqual([live?.generation, previous], [history[1]?.generation, history[0]?.generation]);
      assert.ok(stored.length === 2 && stored.every(({ complete }) => complete));
    }
    const { stdout } = await run(0, "releases");
    assert.match(stdout, /live/);
    assert.match(stdout, /previous/);
  });

  test("rollback under load: back on both, nothing lost, nothing built or sent; and up says what it would undo", async () => {
    const origin = (await stack.status()).machines[0]?.url ?? "";
    const load = startLoad({ origin, caPem: readFileSync(caFile, "utf8"), requestsPerSecond: 50, maxRequests: 6_000 });
    const startedMs = performance.now();
    const back = await run(0, "rollback");
    const tookMs = performance.now() - startedMs;
    const result = await load.stop();
    assert.deepEqual(result.failures, [], evidence(back));
    assert.ok(result.sent > 50, `only ${result.sent} requests were sent`);
    console.log(`rollback of 2 machines: ${(tookMs / 1000).toFixed(1)} s, ${result.sent} requests, ${result.failures.length} lost`);
    assert.doesNotMatch(back.stderr, /sending|packing/);
    assert.match(back.stdout, /The configuration still names [0-9a-f]{8}/);
    assert.deepEqual(await greetings(), ["Hello from", "Hello from"]);
    assert.ok((await stack.status()).machines.every(({ rolledBack }) => rolledBack?.startsWith("rolled back from") === true));
    await run(0, "drift");
    const preview = await stack.pulumi(["preview"]);
    assert.match(
      preview.stdout,
      /web-2: new generation \(release \w{8} -> \w{8}\); rolled back from \w{8} at .* by .*@.*: this brings it back/,
      evidence(preview),
    );
    for (const { history } of await releases()) assert.ok(history.at(-1)?.rollbackFrom !== undefined);
  });

  test("up brings the newer release back, and the run after is quiet", async () => {
    await run(0, "up");
    assert.deepEqual(await greetings(), ["Hello again", "Hello again"]);
    assert.ok((await stack.status()).machines.every(({ rolledBack }) => rolledBack === null));
    await quiet();
  });

  test("drift of many kinds is found, exit code 2; up mends it all, and the run after is quiet", async () => {
    await run(0, "drift");
    await hosts.sh(
      "web-1",
      `set -e; release=$(readlink -f /srv/shop/generations/*/release | tail -1)
      for release in /srv/shop/releases/*; do sed -i 's/Hello \\w*/Hello intruder/' $release/app/main.py; done
      for unit in /etc/systemd/system/shop@*.service; do echo '# mine' >> $unit; done
      rm /etc/systemd/system/multi-user.target.wants/shop-lease.service
      sed 's/"grace_period": "30s"/"grace_period": "1s"/' /etc/fleetwright/caddy.json > /tmp/other.json
      caddy=$(sed -n 's/^ExecStart=\\([^ ]*\\).*/\\1/p' /etc/systemd/system/fleetwright-caddy.service)
      $caddy reload --config /tmp/other.json --address unix//run/fleetwright-caddy/admin.sock 2> /dev/null
      systemctl reload 'shop@*'`,
    );
    await hosts.sh("web-2", "systemctl stop shop.socket; rm /etc/tmpfiles.d/fleetwright-shop.conf");
    const found = await run(2, "drift", "--json");
    const [fleet] = JSON.parse(found.stdout) as FleetDrift[];
    const [first, second] = fleet?.machines.map(({ drift }) => drift.join("\n")) ?? [];
    for (const part of [
      /release's files were changed: app\/main\.py/,
      /shop@\w+\.service was changed/,
      /shop-lease\.service is not enabled/,
      /Caddy runs with another configuration/,
    ])
      assert.match(first ?? "", part);
    // Whether the app counts as down yet depends on connections that Caddy still keeps to it.
    for (const part of [/shop\.socket doesn't run/, /fleetwright-shop\.conf is missing/]) assert.match(second ?? "", part);
    assert.match((await stack.fleet(["status"])).stdout, /web-1: drift: /);
    const preview = await stack.pulumi(["preview"]);
    assert.match(preview.stdout, /web-1: drift: /, evidence(preview));
    await run(0, "up");
    await run(0, "drift");
    await quiet();
    // Its workers may have loaded what was changed; they are being replaced.
    const deadlineMs = performance.now() + 20_000;
    while ((await greetings()).includes("Hello intruder")) assert.ok(performance.now() < deadlineMs, "a worker serves changed code");
    assert.deepEqual(await greetings(), ["Hello again", "Hello again"]);
  });

  test("a reboot that is due is named, exit code 2, and up doesn't pretend to mend it", async () => {
    await hosts.sh("web-2", "touch /run/reboot-required");
    assert.match((await run(2, "drift")).stdout, /web-2: a reboot is due: the system's updates ask for it/);
    assert.match((await stack.fleet(["status"])).stdout, /web-2: a reboot is due/);
    await quiet();
    // As an update installs a newer kernel than the one that runs.
    await hosts.sh("web-2", "rm /run/reboot-required; touch /boot/vmlinuz-$(uname -r) /boot/vmlinuz-999.1.0-1-amd64");
    assert.match((await run(2, "drift")).stdout, /web-2: a reboot is due: kernel 999\.1\.0-1-amd64 is installed/);
    await hosts.sh("web-2", "rm /boot/vmlinuz-*");
    await run(0, "drift");
  });

  test("logs: both machines' lines by time; one machine's alone; followed until Ctrl-C", async () => {
    await hosts.sh("web-1", "systemd-run --unit=fleetwright-probe --collect --wait -q echo first-mark");
    await hosts.sh("web-2", "systemd-run --unit=fleetwright-probe --collect --wait -q echo second-mark");
    const { stdout } = await run(0, "logs", "--since", "10m");
    const lines = stdout.split("\n").filter((line) => /^web-/.test(line));
    const times = lines.map((line) => line.split(/ +/)[1] ?? "");
    assert.deepEqual(times, times.toSorted(), "by time");
    assert.doesNotMatch(stdout, /"logger":"admin\.api"/);
    assert.match(
      await hosts.sh("web-1", "journalctl -u fleetwright-caddy -o cat"),
      /"logger":"admin\.api"/,
      "there are such lines to leave out",
    );
    assert.match((await run(3, "logs", "--since", "gibberish")).stderr, /web-1: its log can't be had: .*timestamp/);
    assert.ok(stdout.indexOf("first-mark") < stdout.indexOf("second-mark") && stdout.includes("first-mark"));
    for (const name of names)
      assert.ok(
        lines.some((line) => line.startsWith(name) && line.includes("  shop@")),
        name,
      );
    assert.doesNotMatch((await run(0, "logs", "web-1", "-n", "20")).stdout, /^web-2/m);
    assert.match((await run(2, "logs", "web-9")).stderr, /name one of: web-1, web-2/);
    let marked: Promise<string> | undefined;
    const followed = await stack.fleet(["logs", "-f", "-n", "1"], {
      onStdout: (text, kill) => {
        // A unit that wasn't there when the following began, as with the generation of a release that comes meanwhile.
        marked ??= hosts.sh("web-2", "systemd-run --unit=fleetwright-later --collect --wait -q echo third-mark");
        if (text.includes("third-mark")) kill("SIGINT");
      },
    });
    await marked;
    assert.equal(followed.code, 0, evidence(followed));
    assert.match(followed.stdout, /web-2 .*third-mark/);
  });

  test("ssh: a command's output and exit code, with the stack's key and the pinned host key", async () => {
    assert.equal((await run(0, "ssh", "web-2", "hostname")).stdout.trim(), await hosts.sh("web-2", "hostname"));
    await run(7, "ssh", "web-1", "exit 7");
    assert.match((await run(2, "ssh", "web-3", "true")).stderr, /name one of: web-1, web-2/);
  });

  test("decommission asks, then leaves nothing on the machine; forget takes it out, and the other one isn't touched", async () => {
    const other = async () => (await stack.status()).machines.find(({ name }) => name === "web-2");
    const before = await other();
    assert.match((await run(2, "decommission", "web-1")).stderr, /say --yes/);
    assert.match((await run(2, "forget", "web-1")).stderr, /fleet decommission web-1/);
    const done = await run(0, "decommission", "web-1", "--yes");
    assert.match(done.stdout, /nothing of Fleetwright is left[\s\S]*The configuration still names web-1/);
    const left = await hosts.sh(
      "web-1",
      `ls -d /srv/shop /opt/fleetwright /var/lib/fleetwright* /etc/fleetwright /run/fleetwright* 2>/dev/null
      ls /etc/systemd/system /etc/systemd/system/*.wants | grep -E 'shop|fleetwright'
      getent passwd fw-shop fw-caddy; pgrep -l caddy; true`,
    );
    assert.equal(left, "");
    assert.match((await run(0, "forget", "web-1")).stdout, /taken out of Pulumi\.prod\.yaml/);
    await run(0, "up");
    const { machines } = await stack.status();
    assert.deepEqual(
      machines.map(({ name }) => name),
      ["web-2"],
    );
    assert.equal((await other())?.supervisorPid, before?.supervisorPid);
    await quiet();
    assert.match((await run(2, "decommission", "web-2")).stderr, /last machine that serves/);
  });

  test("a machine that can't be reached is named, with exit code 3; a rollback stops before anything", async () => {
    await hosts.kill("web-2");
    const status = await run(3, "status", "--json");
    assert.match((JSON.parse(status.stdout) as FleetStatus).machines[0]?.health ?? "", /^unreachable/);
    assert.match((await run(3, "releases")).stdout, /web-2: unreachable/);
    assert.match((await run(3, "drift")).stdout, /web-2: unreachable/);
    assert.match((await run(3, "logs")).stderr, /web-2: its log can't be had/);
    assert.match((await run(1, "rollback")).stderr, /web-2: no answer[\s\S]*nothing was switched/);
  });
});
