/** A rollout by the real driver to many machines in memory, some of which have a fault. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { drive } from "../../../infra/rollout/drive.ts";
import type { Plan } from "../../../infra/rollout/plan.ts";
import { type Connection, TransportFailure } from "../../../infra/rollout/transports/connection.ts";
import { manifest } from "../../support/samples.ts";
import { type Fault, type Order, orderOf, orders, SimulatedMachine } from "./simulated-machine.ts";

export interface Scenario {
  readonly machines: number;
  readonly batch: number | string;
  readonly faults: readonly (Fault & { readonly machine: number })[];
  /** The operator is killed when it gives this order for the n-th time: nothing more of it reaches any machine. */
  readonly killed?: { readonly at: Order; readonly nth: number } | undefined;
}

/**
 * Short, so that many runs fit into seconds: a machine in memory answers within a millisecond. But hundreds of them share one thread
 * with the driver, which a busy computer may stop for half a second.
 */
const leaseMsOf = (machines: number): number => (machines > 50 ? 1_500 : 400);
/** No rollout takes longer, whatever happens: a few leases. */
const LIMIT_LEASES = 12;

const fault = fc.record({
  at: fc.constantFrom(...orders),
  kind: fc.constantFrom<Fault["kind"]>("fails", "cut", "answerLost", "hangs", "reboots"),
  machine: fc.nat(),
});

export const scenarios = (machines: fc.Arbitrary<number>): fc.Arbitrary<Scenario> =>
  fc.record({
    machines,
    batch: fc.oneof(fc.integer({ min: 1, max: 50 }), fc.constantFrom("10%", "25%", "100%")),
    faults: fc.array(fault, { maxLength: 3 }),
    killed: fc.option(fc.record({ at: fc.constantFrom(...orders), nth: fc.integer({ min: 1, max: 200 }) }), { nil: undefined, freq: 2 }),
  });

/**
 * After it: one release everywhere, unless the confirm was cut in its very middle, which the error tells; every history is true; and
 * the next rollout, with nothing in its way, brings the new release to all.
 */
export async function simulate({ machines: count, batch, faults, killed }: Scenario): Promise<void> {
  const machines = Array.from({ length: count }, (_, index) =>
    machineOf(
      index,
      leaseMsOf(count),
      faults.find(({ machine }) => machine % count === index),
    ),
  );
  const startedMs = performance.now();
  const leaseMs = leaseMsOf(count);
  const limitMs = LIMIT_LEASES * leaseMs;
  const death = deathOf(killed);
  const failure = await rollOut(machines, batch, death);
  assert.ok(performance.now() - startedMs < limitMs, "it took too long");
  while (machines.some((machine) => machine.isPending)) {
    assert.ok(performance.now() - startedMs < limitMs + 2 * leaseMs, "a switch is still not gone back from");
    await sleep(leaseMs / 10);
  }
  const releases = new Set(machines.map(({ confirmed }) => confirmed));
  if (faults.length === 0 && !death.dead) assert.deepEqual([failure, [...releases]], [undefined, ["new"]]);
  if (failure === undefined) assert.deepEqual([...releases], ["new"], "it was said to be done");
  const isTold = /confirmed already on|whether it was confirmed is not known/.test(failure?.message ?? "");
  const isCut = death.dead && killed?.at === "decide";
  assert.ok(releases.size === 1 || isTold || isCut, `two releases, and nobody says so: ${failure?.message}`);
  assertTrue(machines);
  for (const machine of machines) machine.heal();
  await until(
    startedMs,
    leaseMs,
    () => rollOut(machines, batch),
    (error) => error === undefined,
  );
  assert.ok(
    machines.every(({ confirmed }) => confirmed === "new"),
    "the next rollout brings it to all",
  );
  assertTrue(machines);
}

/** The hold of the dead, or of a rollout that could not let go, lasts for a lease at most. */
async function until<T>(startedMs: number, leaseMs: number, action: () => Promise<T>, good: (result: T) => boolean): Promise<void> {
  for (;;) {
    const result = await action();
    if (good(result)) return;
    assert.match(String(result), /another rollout holds it/);
    assert.ok(performance.now() - startedMs < (LIMIT_LEASES + 4) * leaseMs, `the machines are still held: ${String(result)}`);
    await sleep(leaseMs / 10);
  }
}

function assertTrue(machines: readonly SimulatedMachine[]): void {
  for (const { name, confirmed, history } of machines) {
    assert.equal(confirmed === "new", history.includes("confirmed"), `${name}: ${confirmed}, but its history is ${history.join(", ")}`);
  }
}

/** OpenSSH ends a connection on which nothing has come for a while; here later than a lease, which has to be enough by itself. */
const SILENCE_LEASES = 1.5;

function machineOf(index: number, leaseMs: number, fault_: Fault | undefined): SimulatedMachine {
  const name = `web-${index + 1}`;
  const old = manifest({ machine: name });
  const young = { ...old, app: { ...old.app, release: { ...old.app.release, id: "9".repeat(64) } } };
  return new SimulatedMachine({ old, new: young }, fault_, SILENCE_LEASES * leaseMs);
}

interface Death {
  dead: boolean;
  /** Called for each order before it is sent. */
  meet(command: string): void;
}

function deathOf(killed: Scenario["killed"]): Death {
  let given = 0;
  const death: Death = {
    dead: false,
    meet: (command) => {
      if (killed === undefined || orderOf(command) !== killed.at) return;
      given += 1;
      if (given >= killed.nth) death.dead = true;
    },
  };
  return death;
}

/** What the dead say reaches nobody; that they get an error for it only ends the test's own promise. */
function mortal(connection: Connection, death: Death): Connection {
  return {
    close: connection.close,
    run: async (command, options) => {
      death.meet(command);
      if (death.dead) throw new TransportFailure("unreachable", "its operator is dead");
      return connection.run(command, options);
    },
  };
}

async function rollOut(
  machines: readonly SimulatedMachine[],
  batch: number | string,
  death: Death = deathOf(undefined),
): Promise<Error | undefined> {
  const byHost = new Map(machines.map((machine) => [machine.name, machine]));
  const base = manifest();
  const plan: Plan = {
    schema: 1,
    fleet: "web",
    release: "9".repeat(64),
    machines: machines.map(({ name }) => ({
      name,
      transport: { kind: "ssh", host: name, port: 22, user: "root", hostKey: "ssh-ed25519 A" },
      applyId: "new",
      runtimeArchive: { sha256: "3".repeat(64), bytes: 1 },
      manifest: { ...base, machine: name, app: { ...base.app, release: { ...base.app.release, id: "9".repeat(64) } } },
    })),
    skipped: [],
    options: { batch, pauseMs: 0, connectTimeoutMs: 50, leaseMs: leaseMsOf(machines.length), surge: "auto" },
  };
  const connect = (transport: { host: string }): Connection =>
    mortal(byHost.get(transport.host)?.connection() ?? assert.fail(transport.host), death);
  try {
    await drive(plan, () => undefined, new AbortController().signal, { connect });
    return undefined;
  } catch (error) {
    return error as Error;
  }
}
