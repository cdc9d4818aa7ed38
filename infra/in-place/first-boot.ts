/** Before a release is sent to machines with names: all of them are there, and Systems Manager reaches them. */
import { missingMachines, unbooted } from "./failures.ts";
import { type State, standingWords } from "./standing.ts";
import { pause, type Run } from "./watch.ts";

/**
 * So long a machine may take from its start until it serves: the boot script waits ten minutes in all for what may pass, and fetches and
 * starts meanwhile.
 */
export const BOOT_MS = 900_000;

/** @throws FleetError naming each machine that isn't reached in time; nothing was sent then */
export async function awaitReached(run: Run): Promise<void> {
  const { api, pace } = run;
  if (api.standing === undefined) return;
  const deadlineMs = pace.nowMs() + BOOT_MS;
  const told = new Map<string, State>();
  for (;;) {
    const machines = await api.standing();
    const waited = told.size > 0 || machines.some(({ state }) => state !== "reached");
    for (const { name, state } of machines) {
      if (waited && told.get(name) !== state) pace.say(`${name}: ${standingWords[state]}`);
      told.set(name, state);
    }
    const lost = machines.filter(({ state }) => state === "stopped" || state === "gone");
    if (lost.length > 0) throw missingMachines(run.plan, lost);
    const missing = machines.filter(({ state }) => state !== "reached");
    if (missing.length === 0) return;
    if (pace.nowMs() > deadlineMs)
      throw unbooted(
        run.plan,
        missing.map(({ name }) => name),
      );
    await pause(run);
  }
}
