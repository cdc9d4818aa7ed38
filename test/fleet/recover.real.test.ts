/** Everything is lost but the store and the recovery code: machines, project, state, packages, caches. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { stringify } from "yaml";
import type { FleetStatus } from "../../infra/cli/table.ts";
import { openStore } from "../../infra/recovery/store/open.ts";
import { FreshClone } from "../support/fresh-clone.ts";
import { Hosts } from "../support/hosts.ts";
import { writeNodeApp } from "../support/node-app.ts";
import { evidence, killAt, Project, type Run, succeeds } from "../support/project.ts";
import { newKmsKey } from "../support/moto.ts";
import { UserStack } from "../support/stack.ts";
import { StoreCopy } from "../support/store-copy.ts";
import { servedStore, type StorePlaces } from "../support/store-places.ts";

const MACHINES = ["web-1", "web-2"];
const LEASE_MS = 10_000;
/** Found before the real one. */
const DATE = "/usr/local/bin/date";

const server = (greeting: string): string => `
import { createServer } from "node:http";
export default createServer((request, response) => response.end("${greeting}, " + process.env.GREETED + ", " + process.pid));
`;

describe("a fleet that is recovered from its store", () => {
  const hosts = new Hosts("recover");
  const folder = mkdtempSync(join(tmpdir(), "fleetwright-recover-"));
  const store = join(folder, "store");
  const dr = join(folder, "Pulumi.dr.yaml");
  let code: string;
  let clone: FreshClone;
  let first: string;
  let second: string;
  let served: StorePlaces;

  before(async () => {
    for (const name of MACHINES) await hosts.make(name);
    await bringUpAndLose();
    served = await servedStore(store);
    clone = new FreshClone();
  });
  after(async () => {
    await served?.stop();
    hosts.close();
    clone?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Two releases go into the store; then all is gone but the store. */
  async function bringUpAndLose(): Promise<void> {
    const project = new Project();
    try {
      const stack = await UserStack.init(project, "prod");
      const machines = { provider: "hosts", hosts: MACHINES.map((name) => ({ name, ...hosts.login(name) })) };
      writeNodeApp(join(project.folder, "apps/plain"), server("first"));
      stack.configure({ app: { dir: "apps/plain" }, machines, rollout: { leaseMs: LEASE_MS } });
      await succeeds(stack.pulumi(["config", "set", "--secret", "--path", "fleetwright:fleet.app.secrets.GREETED", "by a secret"]));
      const init = await succeeds(stack.fleet(["recovery", "init", store]));
      code = /^ {4}(\S+)$/m.exec(init.stdout)?.[1] ?? assert.fail(evidence(init));
      await succeeds(stack.fleet(["up"]));
      first = (await stack.status()).release ?? assert.fail("no release");
      writeNodeApp(join(project.folder, "apps/plain"), server("second"));
      await succeeds(stack.fleet(["up"]));
      second = (await stack.status()).release ?? assert.fail("no release");
    } finally {
      await project.remove();
    }
    for (const name of MACHINES) await hosts.rebuild(name);
    writeMachines();
  }

  function writeMachines(): void {
    const machines = { provider: "hosts", hosts: MACHINES.map((name) => ({ name, ...hosts.login(name) })) };
    writeFileSync(dr, stringify({ config: { "fleetwright:fleet": { machines } } }));
  }

  /** With the recovery code alone: the passphrase is lost. */
  function recover(args: readonly string[], options: { from?: string; killedAt?: RegExp; signal?: NodeJS.Signals } = {}): Promise<Run> {
    const { from = store, killedAt, signal } = options;
    return clone.fleet(["recover", "--from", from, "--stack", "prod", "--machines", dr, ...args], {
      env: { FLEETWRIGHT_RECOVERY_CODE: code, ...served.env },
      ...(killedAt === undefined ? {} : { onStderr: killAt(killedAt, signal) }),
    });
  }

  const stateFolder = (): string => join(clone.folder, ".fleetwright/recovered/state");

  const stackEnv = (): Record<string, string> => {
    const recovered = join(clone.folder, ".fleetwright/recovered");
    return { PULUMI_BACKEND_URL: `file://${recovered}/state`, PULUMI_CONFIG_PASSPHRASE_FILE: `${recovered}/prod/passphrase` };
  };

  const status = (): Promise<FleetStatus> => clone.status("prod", stackEnv());

  const answerOf = (url: string | null): string => {
    const ca = join(clone.folder, ".fleetwright/recovered/prod/ca.pem");
    return execFileSync("curl", ["-sS", "--fail", "--max-time", "20", "--cacert", ca, url ?? ""], { encoding: "utf8" });
  };

  const pids = (seen: FleetStatus, name: string): (number | null)[] => {
    const machine = seen.machines.find((candidate) => candidate.name === name);
    return machine === undefined ? [] : [machine.supervisorPid, ...machine.workers.pids];
  };

  const copyOfStore = (name: string): StoreCopy => new StoreCopy(store, join(folder, name), "fleetwright/prod");

  test("--check on an empty clone only looks, and says that it could go ahead: out of a bucket", async () => {
    const run = await recover(["--check"], { from: served.bucket });
    assert.equal(run.code, 0, evidence(run));
    assert.match(run.stdout, /the recovery code opens them[\s\S]*could go ahead/);
    assert.match(run.stderr, /Taking the npm packages from the store/);
  });

  test("a spoiled archive stops it before a machine is touched, and is named", async () => {
    const copy = copyOfStore("spoiled");
    const sha256 = copy.spoilRelease(second);
    for (const args of [["--check"], []]) {
      const run = await recover(args, { from: copy.folder });
      assert.equal(run.code, 1, evidence(run));
      assert.match(run.stdout + run.stderr, new RegExp(`${sha256.slice(0, 12)}.*spoiled`));
    }
  });

  test("Ctrl-C before the machines and while they are at work ends in a verdict and the command that goes on", async () => {
    for (const killedAt of [/state: /, /archives: /, /web-\d +runtime +sending/]) {
      const run = await recover([], { killedAt, signal: "SIGINT" });
      assert.equal(run.code, 130, `${killedAt}: ${evidence(run)}`);
      assert.match(run.stderr, /\nNOT RECOVERED: interrupted.*\nNext: npm run fleet -- recover .*--machines \S+\n$/);
    }
  });

  test("killed in each phase and started again, it goes on, on an empty clone over ssh, with the code alone", async () => {
    clone.empty();
    const rollout = [/web-\d +runtime +installed/, /web-1 +start +generation/, /web-\d +hardening +a new login/];
    for (const killedAt of [/from the store/, /state: /, /archives: /, ...rollout]) {
      const run = await recover([], { from: served.ssh, killedAt });
      // What runs under Pulumi may outlive the kill before, and end its work: then this phase doesn't come again.
      assert.ok(run.code === null || /web-1 +same +is as wanted already/.test(run.stderr), `not killed at ${killedAt}: ${evidence(run)}`);
    }
    const run = await recover([], { from: served.ssh });
    assert.equal(run.code, 0, evidence(run));
    // A machine that confirmed before the last kill has nothing to be changed.
    assert.match(run.stderr, new RegExp(`(RECOVERED|Nothing had to be changed): web on ${second.slice(0, 8)}`));
    for (const { url, health } of (await status()).machines) {
      assert.equal(health, "healthy");
      assert.match(answerOf(url), /^second, by a secret, /);
    }
    cpSync(stateFolder(), join(folder, "stale"), { recursive: true });
  });

  test("again, out of the bucket: nothing has to be changed, and nothing is restarted", async () => {
    const before_ = await status();
    const run = await recover([], { from: served.bucket });
    assert.equal(run.code, 0, evidence(run));
    assert.match(run.stderr, /Nothing had to be changed/);
    const after_ = await status();
    for (const name of MACHINES) assert.deepEqual(pids(after_, name), pids(before_, name));
  });

  test("one machine lost, its newest set half-written: the other is adopted, not restarted", async () => {
    const before_ = await status();
    await hosts.rebuild("web-2");
    writeMachines();
    const copy = copyOfStore("half-written");
    copy.addHalfWrittenSet();
    const run = await recover([], { from: copy.folder });
    assert.equal(run.code, 0, evidence(run));
    assert.match(run.stderr, /WARNING: a newer set can't be used/);
    assert.match(run.stderr, /web-1 .*adopted, not restarted/);
    const after_ = await status();
    assert.deepEqual(pids(after_, "web-1"), pids(before_, "web-1"));
    for (const { url } of after_.machines) assert.match(answerOf(url), /^second, /);
  });

  test("a store that is older than the fleet is refused; an earlier release goes only where it is asked for and agreed to", async () => {
    const copy = copyOfStore("older");
    copy.forgetRelease(second);
    // The machines share this computer's clock: one of them says another time.
    await hosts.sh("web-1", `printf '#!/bin/sh\nexec /bin/date -d "+60 seconds" "$@"\n' > ${DATE}; chmod 755 ${DATE}`);
    const refused = await recover(["--yes"], { from: copy.folder });
    await hosts.sh("web-1", `rm ${DATE}`);
    assert.equal(refused.code, 1, evidence(refused));
    assert.match(refused.stderr, /the store is older than the fleet/);
    assert.match(refused.stderr, /CLOCK: web-1 \(\S+\) is (5|6)\d s ahead of this computer/);
    const unasked = await recover(["--release", first.slice(0, 10)]);
    assert.equal(unasked.code, 2, evidence(unasked));
    assert.match(unasked.stderr, /will be switched to/);
    assert.equal((await status()).release, second);
    const agreed = await recover(["--release", first.slice(0, 10), "--yes"]);
    assert.equal(agreed.code, 0, evidence(agreed));
    for (const { url } of (await status()).machines) assert.match(answerOf(url), /^first, by a secret, /);
  });

  test("a stack that the store doesn't know is told, with those that it knows", async () => {
    const run = await clone.fleet(["recover", "--from", store, "--stack", "other"]);
    assert.equal(run.code, 2, evidence(run));
    assert.match(run.stderr, /sets of: fleetwright\/prod/);
  });

  test("with credentials of another AWS account than the fleet's it is refused, with both accounts", async () => {
    const copy = await openStore(copyOfStore("other-account").folder);
    const [newest] = (await copy.sets({ project: "fleetwright", stack: "prod" })).good;
    // As of a program that configures its fleets itself, and makes their machines on AWS.
    const stackFile = await copy.putBytes(Buffer.from("config:\n  aws:region: eu-west-1\n"));
    const set = newest?.set ?? assert.fail("no set");
    await copy.putSet({ ...set, createdAt: new Date().toISOString(), stackFile, aws: { account: "999999999999", machines: true } });
    const env = { FLEETWRIGHT_RECOVERY_CODE: code, ...served.env, AWS_ENDPOINT_URL_STS: served.server.endpoint };
    const run = await clone.fleet(["recover", "--from", copy.url, "--stack", "prod", "--yes"], { env });
    assert.equal(run.code, 1, evidence(run));
    assert.match(run.stderr, /NOT RECOVERED[\s\S]*AWS account 123456789012; the fleet was in account 999999999999/);
  });

  test("KMS key and state lost, then a stale state, the machines alive: a new passphrase, and nothing on them is touched", async () => {
    const before_ = await status();
    const kms = { ...served.env, AWS_ENDPOINT_URL_KMS: served.server.endpoint };
    const provider = `awskms://${await newKmsKey(served.server)}?region=eu-west-1`;
    await succeeds(clone.pulumi(["stack", "change-secrets-provider", provider, "--stack", "prod"], { ...stackEnv(), ...kms }));
    await succeeds(clone.fleet(["recovery", "push", "--stack", "prod"], { env: { ...stackEnv(), ...kms } }));
    await served.server.stop();
    for (const stale of [false, true]) {
      rmSync(stateFolder(), { recursive: true });
      if (stale) cpSync(join(folder, "stale"), stateFolder(), { recursive: true });
      const args = ["recover", "--from", store, "--stack", "prod", "--secrets-provider", "passphrase"];
      const run = await clone.fleet(args, { env: { FLEETWRIGHT_RECOVERY_CODE: code, ...kms } });
      assert.equal(run.code, 0, evidence(run));
      assert.match(run.stderr, /encrypted by passphrase from now on, no longer by awskms:[\s\S]*state: imported/);
      assert.match(run.stderr, /Nothing had to be changed/);
    }
    const after_ = await status();
    for (const name of MACHINES) assert.deepEqual(pids(after_, name), pids(before_, name));
    for (const { url } of after_.machines) assert.match(answerOf(url), /^first, by a secret, /);
  });
});
