/** A rollout by the real driver to many machines in memory, some of which have a fault. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { drive } from "../../../infra/rollout/drive.ts";
import type { Plan } from "../../../infra/rollout/plan.ts";
import type { Connection } from "../../../infra/rollout/transports/connection.ts";
import { manifest } from "../../support/samples.ts";
import { type Fault, orders, SimulatedMachine } from "./simulated-machine.ts";

export interface Scenario {
  readonly machines: number;
  readonly batch: number | string;
  readonly faults: readonly (Fault & { readonly machine: number })[];
}

/** Short, so that many runs fit into seconds; a machine in memory answers within a millisecond. */
const LEASE_MS = 400;
/** No rollout takes longer, whatever happens: a few leases. */
const LIMIT_MS = 12 * LEASE_MS;

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
  });

/** After it: one release everywhere, or the error says that the confirm was cut in its very middle; and every history is true. */
export async function simulate({ machines: count, batch, faults }: Scenario): Promise<void> {
  const machines = Array.from({ length: count }, (_, index) => machineOf(index, faults.find(({ machine }) => machine % count === index)));
  const startedMs = performance.now();
  const failure = await rollOut(machines, batch);
  assert.ok(performance.now() - startedMs < LIMIT_MS, "it took too long");
  while (machines.some((machine) => machine.isPending)) {
    assert.ok(performance.now() - startedMs < LIMIT_MS + 2 * LEASE_MS, "a switch is still not gone back from");
    await sleep(LEASE_MS / 10);
  }
  const releases = new Set(machines.map(({ confirmed }) => confirmed));
  if (faults.length === 0) assert.deepEqual([failure, [...releases]], [undefined, ["new"]]);
  if (failure === undefined) assert.deepEqual([...releases], ["new"], "it was said to be done");
  const isTold = /confirmed already on|whether it was confirmed is not known/.test(failure?.message ?? "");
  assert.ok(releases.size === 1 || isTold, `two releases, and nobody says so: ${failure?.message}`);
  for (const { name, confirmed, history } of machines) {
    assert.equal(confirmed === "new", history.includes("confirmed"), `${name}: ${confirmed}, but its history is ${history.join(", ")}`);
  }
}

function machineOf(index: number, fault_: Fault | undefined): SimulatedMachine {
  const name = `web-${index + 1}`;
  const old = manifest({ machine: name });
  const young = { ...old, app: { ...old.app, release: { ...old.app.release, id: "9".repeat(64) } } };
  return new SimulatedMachine({ old, new: young }, fault_);
}

async function rollOut(machines: readonly SimulatedMachine[], batch: number | string): Promise<Error | undefined> {
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
    options: { batch, pauseMs: 0, connectTimeoutMs: 50, leaseMs: LEASE_MS, surge: "auto" },
  };
  const connect = (transport: { host: string }): Connection => byHost.get(transport.host)?.connection() ?? assert.fail(transport.host);
  try {
    await drive(plan, () => undefined, new AbortController().signal, { connect });
    return undefined;
  } catch (error) {
    return error as Error;
  }
}
