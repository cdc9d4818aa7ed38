/** A fleet whose operators have no root: all by the reserved deploy user, and what it can't do. The steps build on each other. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { DEPLOY_USER, GATE_PATH, RUNTIMES_FILE } from "../../infra/deploy-user/place.ts";
import { makeArchive } from "../runtime/agent/make-archive.ts";
import { Hosts, type Login } from "../support/hosts.ts";
import { writeNodeApp } from "../support/node-app.ts";
import { evidence, Project, type Run, runIn } from "../support/project.ts";
import { UserStack } from "../support/stack.ts";

const app = (word: string): string => `export default (request, response) => response.end("${word} " + process.env.WORD);\n`;

describe("a fleet that is deployed without root", () => {
  const hosts = new Hosts("deploy-user");
  const project = new Project();
  const key = join(project.folder, "deploy");
  const logins = new Map<string, Login>();
  let stack: UserStack;
  let adminKey: string;

  before(async () => {
    for (const [name, image] of [
      ["web-1", "trixie"],
      ["web-2", "bookworm"],
    ] as const)
      logins.set(name, await hosts.make(name, image));
    adminKey = hosts.login("web-1").privateKeyFile;
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "ci@example.org", "-f", key]);
    writeNodeApp(join(project.folder, "app"), app("first"));
    stack = await UserStack.init(project, "prod");
    stack.configure({
      name: "shop",
      app: { dir: "app", secrets: { WORD: "open-sesame" } },
      machines: {
        provider: "hosts",
        hosts: [...logins].map(([name, login]) => ({ name, ...login, user: DEPLOY_USER, privateKeyFile: key })),
      },
      rollout: { connectTimeoutMs: 5_000 },
    });
  });
  after(async () => {
    await Promise.allSettled([project.remove()]);
    hosts.close();
  });

  /** `fleet ARGS`, which must end with this exit code. */
  async function fleet(code: number, ...args: string[]): Promise<Run> {
    const run = await stack.fleet(args);
    assert.equal(run.code, code, evidence(run));
    return run;
  }

  async function up(...args: string[]): Promise<void> {
    const run = await stack.up(...args);
    assert.equal(run.code, 0, evidence(run));
  }

  const served = (name: string): string =>
    execFileSync("curl", ["-ksS", "--max-time", "30", `https://${hosts.login(name).address}/`], { encoding: "utf8" });

  const setUp = (...args: string[]): Promise<Run> => fleet(0, "deploy-user", "web-1", "web-2", "--admin-key", adminKey, ...args);

  /** A command on a machine, by the deploy user's own login. */
  function asUser(name: string, command: string, options: string[] = []): Promise<Run> {
    const { address } = hosts.login(name);
    const settings = ["IdentitiesOnly=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "BatchMode=yes", "LogLevel=ERROR"];
    const words = ["-F", "none", "-i", key, ...settings.flatMap((setting) => ["-o", setting])];
    return runIn(project.folder, "ssh", [...words, ...options, `${DEPLOY_USER}@${address}`, command]);
  }

  async function refusedTo(name: string, command: string, why: RegExp, code?: number): Promise<void> {
    const run = await asUser(name, command);
    assert.notEqual(run.code, 0, `${name}: ${command}: ${evidence(run)}`);
    if (code !== undefined) assert.equal(run.code, code, `${name}: ${command}: ${evidence(run)}`);
    assert.match(run.stdout + run.stderr, why, `${name}: ${command}`);
  }

  test("an administrator's login makes the user before the first up, by the stack's file; again changes nothing", async () => {
    await setUp("--key", `${key}.pub`);
    const run = await setUp();
    assert.match(run.stderr, /\(root\) NOPASSWD: \/opt\/fleetwright-deploy\/gate/);
    for (const name of logins.keys()) {
      assert.equal(await hosts.sh(name, `sudo -l -U ${DEPLOY_USER} | grep -c '('`), "1", "one rule");
      const owned = await hosts.sh(name, `find / -xdev -user ${DEPLOY_USER} -not -path '/proc/*' | head`);
      assert.equal(owned, "", "nothing is the user's own");
    }
  });

  test("a version of Fleetwright that no administrator allowed isn't installed, and it is told how one allows it", async () => {
    for (const name of logins.keys()) await hosts.sh(name, `echo ${"0".repeat(64)} ${"0".repeat(64)} > ${RUNTIMES_FILE}`);
    const refused = await stack.up();
    assert.notEqual(refused.code, 0, evidence(refused));
    assert.match(refused.stdout + refused.stderr, /hasn't allowed yet: fleet deploy-user MACHINE/);
    for (const name of logins.keys()) assert.equal(await hosts.sh(name, "ls /opt/fleetwright/runtime 2>/dev/null || echo none"), "none");
    await setUp();
  });

  test("up, a change, status, logs, releases, drift, ssh, a rollback, and a run that changes nothing: all as by root", async () => {
    await up();
    await up("--expect-no-changes");
    writeNodeApp(join(project.folder, "app"), app("second"));
    await up();
    const status = await stack.status();
    assert.deepEqual(
      status.machines.map(({ health }) => health),
      ["healthy", "healthy"],
    );
    assert.equal(status.machines[0]?.release, (await stack.outputs()).release);
    assert.match((await fleet(0, "releases")).stdout, /web-2/);
    assert.match((await fleet(0, "logs", "-n", "50", "--since", "1h")).stdout, /web-1 .*shop@/);
    assert.match((await fleet(0, "ssh", "web-1", "id")).stdout, new RegExp(DEPLOY_USER));
    await fleet(0, "drift");
    for (const name of logins.keys()) assert.equal(served(name), "second open-sesame");
    await fleet(0, "rollback");
    for (const name of logins.keys()) assert.equal(served(name), "first open-sesame");
  });

  test("by its login nothing else is had as root, nor read, nor changed", async () => {
    for (const name of logins.keys()) {
      const fleethost = "/opt/fleetwright/current/bin/fleethost status";
      for (const command of ["sh -c id", "id", "-i", "cat /etc/shadow", fleethost, `sh ${GATE_PATH} version`]) {
        await refusedTo(name, `sudo -n ${command}`, /password is required|not allowed/);
      }
      await refusedTo(name, `sudo -n PATH=/tmp ${GATE_PATH} version`, /not allowed|password is required/);
      await refusedTo(name, `sudo -n -u fw-shop ${GATE_PATH} version`, /not allowed|password is required/);
      await refusedTo(name, `sudo -n ${GATE_PATH} agent current run -- sh`, /gate: refused/, 77);
      await refusedTo(name, `sudo -n ${GATE_PATH} agent current drift --app ../x`, /gate: refused/, 77);
      for (const path of [GATE_PATH, RUNTIMES_FILE, "$HOME/.ssh/authorized_keys", "$HOME/.profile", "/opt/fleetwright-deploy/x"]) {
        await refusedTo(name, `echo any >> ${path}`, /[Pp]ermission denied/);
      }
      await refusedTo(name, "cat /etc/credstore/shop/*", /[Pp]ermission denied/);
      await refusedTo(name, "cat /var/lib/fleetwright/secret.key", /[Pp]ermission denied/);
      const caller = await asUser(name, `LD_PRELOAD=/tmp/x.so ENV=/tmp/x PATH=/tmp:$PATH sudo -n ${GATE_PATH} version`);
      assert.deepEqual([caller.code, caller.stdout.trim()], [0, "1"], evidence(caller));
    }
  });

  test("a bundle of one's own isn't installed, whatever it is called; no other key may be had by forwarding", async () => {
    const evil = "#!/bin/sh\nid > /tmp/got-root\n";
    const { path, expected } = makeArchive(project.folder, [{ path: "bin/fleethost", text: evil, mode: 0o755 }]);
    const id = "e".repeat(64);
    const bytes = readFileSync(path).toString("base64");
    const sent = await asUser("web-1", `printf %s ${bytes} | base64 -d | sudo -n ${GATE_PATH} receive ${expected.sha256}`);
    assert.equal(sent.code, 0, evidence(sent));
    await refusedTo("web-1", `sudo -n ${GATE_PATH} install ${id} ${expected.sha256}`, /hasn't allowed yet/, 77);
    await refusedTo("web-1", `sudo -n ${GATE_PATH} agent ${id} status`, /isn't installed/, 77);
    const forward = await asUser("web-1", "true", ["-o", "ExitOnForwardFailure=yes", "-R", "127.0.0.1:39011:127.0.0.1:22"]);
    assert.notEqual(forward.code, 0, evidence(forward));
    assert.equal(await hosts.sh("web-1", "ls /tmp/got-root 2>/dev/null || echo none"), "none");
  });

  test("decommission takes the app away and leaves the user, which only an administrator removes", async () => {
    await fleet(0, "decommission", "web-2", "--yes");
    assert.equal(await hosts.sh("web-2", "ls /opt"), "fleetwright-deploy");
    await fleet(0, "deploy-user", "web-1", "web-2", "--admin-key", adminKey, "--remove");
    const left = `id ${DEPLOY_USER} 2>&1; ls -d /home/* /opt/*deploy /etc/sudoers.d/fleet* 2>/dev/null; true`;
    assert.match(await hosts.sh("web-2", left), /^id: .*no such user$/);
    assert.equal(served("web-1"), "first open-sesame");
  });
});
