import assert from "node:assert/strict";
import { test } from "node:test";
import type { FleetError } from "../../../infra/errors.ts";
import { NOT_PREPARED, probeScript } from "../../../infra/rollout/commands.ts";
import { drive, type DriveOptions } from "../../../infra/rollout/drive.ts";
import type { RolloutEvent } from "../../../infra/rollout/events.ts";
import type { OnceEntry } from "../../../infra/rollout/once.ts";
import type { Plan } from "../../../infra/rollout/plan.ts";
import { summaryLines } from "../../../infra/rollout/summary.ts";
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
  /** Takes commands, and never answers. */
  hangs = false;
  /** The agent command that is refused, as another rollout holds the machine. */
  busyAt: string | undefined;
  /** What it knows of the release's steps. */
  once: OnceEntry[] = [];
  onTold: (command: string) => void = () => undefined;
  readonly wanted;

  constructor(name: string) {
    this.wanted = manifest({ machine: name });
  }

  connection(): Connection {
    return { run: (command, options = {}) => this.run(command, options), close: async () => undefined };
  }

  private async run(command: string, options: RunOptions) {
    if (this.hangs) return new Promise<never>(() => undefined);
    if (!this.reachable) throw new TransportFailure("unreachable", "connection timed out");
    const agent = toldBy(command);
    if (command === probeScript()) return { code: 0, stdout: this.probe(), stderr: "" };
    if (agent === undefined) return { code: 0, stdout: "", stderr: "" };
    this.told.push(agent);
    this.onTold(agent);
    if (this.hangs) return new Promise<never>(() => undefined);
    const busy = agent === this.busyAt;
    const fails = agent === this.failsAt || busy;
    const error = { step: agent, what: "the app crashed", kept: "release 1", next: "mend it", log: ["boom"] };
    const done = { needs: null, pending: "id", once: this.once };
    options.onLine?.(JSON.stringify(fails ? { event: "failed", error } : { event: "done", result: done }));
    if (agent === "decide" && !fails) Object.assign(this, { confirmed: true, applyId: "id" });
    return { code: busy ? 4 : fails ? (agent === "decide" ? NOT_PREPARED : 1) : 0, stdout: "", stderr: "" };
  }

  private probe(): string {
    const base = ["os=debian", "os-version=13", "arch=x86_64", "root=yes", `runtimes=${"a".repeat(64)}`];
    const status = this.confirmed ? [`status=${JSON.stringify({ schema: 1, apps: [reportOf(this.wanted, { applyId: this.applyId })] })}`] : [];
    return [...base, ...status, "end=yes"].map((line) => `fleetwright.${line}`).join("\n");
  }
}

/** The rename that decides has no agent's command. */
function toldBy(command: string): string | undefined {
  if (command.includes("mv -T") && command.includes("confirm-")) return "decide";
  const agent = /fleethost ([a-z-]+)/.exec(command)?.[1];
  return agent === "confirm" && command.includes("--prepare") ? "prepare" : agent;
}

function fleet(count: number): FakeMachine[] {
  return Array.from({ length: count }, (_, index) => new FakeMachine(`web-${index + 1}`));
}

function run(machines: FakeMachine[], options: Partial<Plan["options"]> = {}, signal = new AbortController().signal, more: DriveOptions = {}) {
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
    { ...more, connect: (transport) => byHost.get(transport.host) as Connection },
  );
}

test("all are staged and switched before any is confirmed, and the result has every machine", async () => {
  const machines = fleet(3);
  const result = await run(machines, { batch: 2 });
  for (const { told } of machines) assert.deepEqual(told, ["hold", "stage", "switch", "prepare", "decide", "confirm"]);
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
  assert.deepEqual(first.told, ["hold", "stage", "switch", "revert"]);
  assert.deepEqual(second.told, ["hold", "stage", "switch", "revert"]);
  assert.deepEqual(third.told, ["hold", "stage", "release"]);
});

test("a machine that can't be staged stops the rollout before anything is switched", async () => {
  const machines = fleet(2);
  (machines[1] as FakeMachine).failsAt = "stage";
  await assert.rejects(run(machines), /web-2: stage: the app crashed/);
  assert.ok(machines.every(({ told }) => !told.includes("switch")));
});

test("machines that are as wanted are only kept from others while one of them changes", async () => {
  const machines = fleet(2);
  (machines[0] as FakeMachine).confirmed = true;
  await run(machines);
  assert.deepEqual((machines[0] as FakeMachine).told, ["hold", "release"]);
});

test("where nothing has to change, no machine is told anything", async () => {
  const machines = fleet(2);
  for (const machine of machines) machine.confirmed = true;
  await run(machines);
  assert.deepEqual(
    machines.map(({ told }) => told),
    [[], []],
  );
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

test("a machine that went back just before its confirm: the others are named, and it is put back", async () => {
  const machines = fleet(2);
  const [first, second] = machines as [FakeMachine, FakeMachine];
  second.failsAt = "decide";
  await assert.rejects(run(machines), /web-2: confirm: it went back by itself[\s\S]*confirmed already on web-1[\s\S]*The fleet is on release 1/);
  assert.ok(!first.told.includes("revert"));
  assert.ok(second.told.includes("revert"));
});

test("a machine that is no longer well when all are to be confirmed puts all of them back", async () => {
  const machines = fleet(3);
  (machines[2] as FakeMachine).failsAt = "prepare";
  await assert.rejects(run(machines), /web-3: prepare: the app crashed/);
  for (const { told } of machines) assert.ok(told.includes("revert") && !told.includes("decide"));
});

test("a machine that falls silent is not waited for longer than its lease, and the others are put back", async () => {
  const machines = fleet(2);
  const [first, second] = machines as [FakeMachine, FakeMachine];
  second.onTold = (command) => {
    if (command === "switch") second.hangs = true;
  };
  const startedMs = performance.now();
  await assert.rejects(run(machines, { leaseMs: 200 }), /web-2: it fell silent during the rollout: no answer for 0\.\d s/);
  assert.ok(performance.now() - startedMs < 3_000);
  assert.ok(first.told.includes("revert"));
});

test("a rollout that is kept away says who holds the machine, and lets go of the others", async () => {
  const machines = fleet(2);
  const [first, second] = machines as [FakeMachine, FakeMachine];
  second.busyAt = "hold";
  await assert.rejects(run(machines), /web-2: hold: the app crashed/);
  assert.deepEqual([first.told.includes("switch"), first.told.at(-1), second.told.includes("stage")], [false, "release", false]);
});

const step = { name: "migrate", command: ["./migrate"], repeatable: false, timeoutMs: 1_000 };

function withStep(count: number): FakeMachine[] {
  const machines = fleet(count);
  for (const { wanted } of machines) wanted.app.once = [step];
  return machines;
}

test("a step runs on the first machine, after all are staged and before any is switched, and all others are told", async () => {
  const machines = withStep(2);
  const order: string[] = [];
  for (const machine of machines) machine.onTold = (command) => order.push(`${machine.wanted.machine} ${command}`);
  await run(machines);
  const at = order.indexOf("web-1 once");
  assert.ok(at > order.indexOf("web-2 stage") && at < order.indexOf("web-1 switch"));
  assert.deepEqual((machines[1] as FakeMachine).told.slice(0, 4), ["hold", "stage", "note-once", "note-once"]);
  assert.ok(order.indexOf("web-2 note-once") < at && order.lastIndexOf("web-2 note-once") > at);
});

test("a step that any machine knows to be done is not run again", async () => {
  const machines = withStep(2);
  (machines[1] as FakeMachine).once = [{ attempt: "1", release: "1".repeat(64), step: "migrate", state: "done", on: "web-9" }];
  await run(machines);
  assert.ok(machines.every(({ told }) => !told.includes("once") && told.includes("switch")));
});

test("a step that died in the middle stops the rollout, unless the operator says that it may be repeated", async () => {
  const machines = withStep(2);
  (machines[1] as FakeMachine).once = [{ attempt: "1", release: "1".repeat(64), step: "migrate", state: "started", on: "web-9" }];
  await assert.rejects(run(machines), /"migrate" began on web-9[\s\S]*nothing was switched[\s\S]*--repeat-once migrate/);
  assert.ok(machines.every(({ told }) => !told.includes("switch")));
  await run(machines, {}, undefined, { repeatOnce: ["migrate"] });
  assert.ok((machines[0] as FakeMachine).told.includes("once"));
});

test("a failed step stops the rollout before any switch, with its last lines", async () => {
  const machines = withStep(2);
  (machines[0] as FakeMachine).failsAt = "once";
  await assert.rejects(run(machines), /web-1: once: the app crashed\n {2}\| boom/);
  assert.ok(machines.every(({ told }) => !told.includes("switch")));
  assert.deepEqual((machines[1] as FakeMachine).told, ["hold", "stage", "note-once", "note-once", "release"]);
});

test("with a pause, those that were switched are asked again before the next ones are", async () => {
  const machines = fleet(3);
  (machines[0] as FakeMachine).failsAt = "prepare";
  await assert.rejects(run(machines, { pauseMs: 5 }), /web-1: prepare/);
  assert.deepEqual((machines[1] as FakeMachine).told, ["hold", "stage", "release"]);
});

test("events tell every phase of every machine, and end with what became of it", async () => {
  const machines = fleet(2);
  const events: RolloutEvent[] = [];
  await run(machines, {}, undefined, { tell: (event) => events.push(event) });
  assert.deepEqual(
    events.flatMap((event) => (event.event === "phase" && event.machine === "web-2" ? [event.phase] : [])),
    ["stage", "switch", "prepare", "confirm"],
  );
  assert.deepEqual(events[0]?.event, "begin");
  const end = events.at(-1);
  assert.ok(end?.event === "end" && end.ok && end.confirmWindowMs !== null);
  assert.match(summaryLines(events).join("\n"), /^release 11111111 on 2 machines in .*; nothing sent\n {2}machine[\s\S]*web-2 /);
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
  assert.deepEqual(first.told, ["hold", "stage", "switch", "revert"]);
  assert.deepEqual((machines[1] as FakeMachine).told, ["hold", "stage", "release"]);
});
