import assert from "node:assert/strict";
import { test } from "node:test";
import type { FleetError } from "../../../infra/errors.ts";
import { probeScript } from "../../../infra/rollout/commands.ts";
import { drive } from "../../../infra/rollout/drive.ts";
import type { Plan } from "../../../infra/rollout/plan.ts";
import { type Connection, type RunOptions, TransportFailure } from "../../../infra/rollout/transports/connection.ts";
import { generationOf } from "../../../runtime/manifest.ts";
import { manifest, reportOf } from "../../support/samples.ts";

/** A machine in memory: it answers the probe, and notes what the agent is told. */
class FakeMachine {
  readonly told: string[] = [];
  confirmed = false;
  /** The id of its last confirmed apply. */
  applyId = "id";
  /** The agent command that fails. */
  failsAt: string | undefined;
  reachable = true;
  onTold: (command: string) => void = () => undefined;
  readonly wanted;

  constructor(name: string) {
    this.wanted = manifest({ machine: name });
  }

  connection(): Connection {
    return { run: (command, options = {}) => this.run(command, options), close: async () => undefined };
  }

  private async run(command: string, options: RunOptions) {
    if (!this.reachable) throw new TransportFailure("unreachable", "connection timed out");
    const agent = /fleethost ([a-z]+)/.exec(command)?.[1];
    if (command === probeScript()) return { code: 0, stdout: this.probe(), stderr: "" };
    if (agent === undefined) return { code: 0, stdout: "", stderr: "" };
    this.told.push(agent);
    this.onTold(agent);
    const fails = agent === this.failsAt;
    const error = { step: agent, what: "the app crashed", kept: "release 1", next: "mend it", log: ["boom"] };
    options.onLine?.(JSON.stringify(fails ? { event: "failed", error } : { event: "done", result: { needs: null } }));
    if (agent === "confirm" && !fails) this.confirmed = true;
    return { code: fails ? 1 : 0, stdout: "", stderr: "" };
  }

  private probe(): string {
    const base = ["os=debian", "os-version=13", "arch=x86_64", "root=yes", `runtimes=${"a".repeat(64)}`];
    const status = this.confirmed ? [`status=${JSON.stringify({ schema: 1, apps: [reportOf(this.wanted, { applyId: this.applyId })] })}`] : [];
    return [...base, ...status, "end=yes"].map((line) => `fleetwright.${line}`).join("\n");
  }
}

function fleet(count: number): FakeMachine[] {
  return Array.from({ length: count }, (_, index) => new FakeMachine(`web-${index + 1}`));
}

function run(machines: FakeMachine[], options: Partial<Plan["options"]> = {}, signal = new AbortController().signal) {
  const plan: Plan = {
    schema: 1,
    fleet: "web",
    release: "1".repeat(64),
    machines: machines.map(({ wanted }) => ({
      name: wanted.machine,
      transport: { kind: "ssh", host: wanted.machine, port: 22, user: "root", hostKey: "ssh-ed25519 A" },
      applyId: "id",
      runtimeArchive: { sha256: "3".repeat(64), bytes: 1 },
      manifest: wanted,
    })),
    skipped: [],
    options: { batch: 1, pauseMs: 0, connectTimeoutMs: 1, leaseMs: 60_000, surge: "auto", ...options },
  };
  const byHost = new Map(machines.map((machine) => [machine.wanted.machine, machine.connection()]));
  return drive(
    plan,
    () => undefined,
    signal,
    { connect: (transport) => byHost.get(transport.host) as Connection },
  );
}

test("all are staged and switched before any is confirmed, and the result has every machine", async () => {
  const machines = fleet(3);
  const result = await run(machines, { batch: 2 });
  for (const { told } of machines) assert.deepEqual(told, ["stage", "switch", "confirm"]);
  assert.deepEqual(Object.keys(result.machines), ["web-1", "web-2", "web-3"]);
  assert.equal(result.machines["web-1"]?.generation, generationOf(machines[0]?.wanted ?? manifest()));
  assert.equal(result.caBundle, "PEMPEMPEM");
});

test("a release that fails on the second machine is undone on the first, and the third is never touched", async () => {
  const machines = fleet(3);
  const [first, second, third] = machines as [FakeMachine, FakeMachine, FakeMachine];
  second.failsAt = "switch";
  await assert.rejects(run(machines), (error: FleetError) => {
    assert.match(error.message, /^web-2: switch: the app crashed/);
    assert.match(error.message, /boom/);
    return true;
  });
  assert.deepEqual(first.told, ["stage", "switch", "revert"]);
  assert.deepEqual(second.told, ["stage", "switch", "revert"]);
  assert.deepEqual(third.told, ["stage"]);
});

test("a machine that can't be staged stops the rollout before anything is switched", async () => {
  const machines = fleet(2);
  (machines[1] as FakeMachine).failsAt = "stage";
  await assert.rejects(run(machines), /web-2: stage: the app crashed/);
  assert.ok(machines.every(({ told }) => !told.includes("switch")));
});

test("machines that are as wanted are left alone", async () => {
  const machines = fleet(2);
  (machines[0] as FakeMachine).confirmed = true;
  await run(machines);
  assert.deepEqual((machines[0] as FakeMachine).told, []);
});

test("a machine that is lost after the plan was made stops the rollout before anything is switched", async () => {
  const machines = fleet(2);
  (machines[1] as FakeMachine).reachable = false;
  await assert.rejects(run(machines), /web-2: no answer for .* s \(connection timed out\)[\s\S]*nothing was switched/);
  assert.deepEqual((machines[0] as FakeMachine).told, []);
});

test("a machine that is lost after its confirm is named, and nothing is said to be as before", async () => {
  const machines = fleet(2);
  const [, second] = machines as [FakeMachine, FakeMachine];
  second.onTold = (command) => {
    if (command === "confirm") second.reachable = false;
  };
  await assert.rejects(run(machines), /web-2: it stopped answering during the rollout[\s\S]*the other machines run the new release/);
});

test("a confirm that fails on one machine tells which are on the new release already", async () => {
  const machines = fleet(2);
  const [first, second] = machines as [FakeMachine, FakeMachine];
  second.failsAt = "confirm";
  await assert.rejects(run(machines), /web-2: confirm: the app crashed[\s\S]*confirmed already on web-1: the fleet is on two releases/);
  assert.ok(!first.told.includes("revert"));
  assert.ok(second.told.includes("revert"));
});

test("a machine that is right under another id is told this plan's, so that the run after is quiet", async () => {
  const machines = fleet(1);
  const [only] = machines as [FakeMachine];
  only.confirmed = true;
  only.applyId = "earlier";
  await run(machines);
  assert.ok(only.told.includes("confirm"));
});

test("an interrupt between two machines puts the first back", async () => {
  const machines = fleet(2);
  const interrupt = new AbortController();
  const [first] = machines as [FakeMachine, FakeMachine];
  first.onTold = (command) => {
    if (command === "switch") interrupt.abort();
  };
  await assert.rejects(
    run(machines, {}, interrupt.signal),
    (error: FleetError) => error.exitCode === 130 && /interrupted/.test(error.message),
  );
  assert.deepEqual(first.told, ["stage", "switch", "revert"]);
  assert.deepEqual((machines[1] as FakeMachine).told, ["stage"]);
});
