/** Removing one machine, or a world with everything in it. */
import { existsSync } from "node:fs";
import { FleetError } from "../../errors.ts";
import { withLock } from "./lock.ts";
import { machinePlace, type Place, placeOf } from "./place.ts";
import { eventually, isAlive, type ProcessId, signal } from "./process.ts";
import { liveMakers, machineNames } from "./registry.ts";
import { here, requireLocalMachines } from "./requirements.ts";
import type { Say } from "./spec.ts";
import { leftovers, type Scope, scopeOfMachine, scopeOfWorld, sweep } from "./sweep.ts";

/** A `create` that is told to end has only to let go of its locks. */
const MAKER_MS = 2_000;

/** Removes a machine whatever state it is in, and its world's network after the last one. Nothing there is no error. */
export async function destroyMachine(world: string, name: string, say: Say): Promise<void> {
  requireLocalMachines(here(false));
  const place = placeOf(world);
  const machine = machinePlace(place, name);
  const remove = () => withLock(place.root, () => removeMachine(place, scopeOfMachine(machine), say));
  if (!existsSync(machine.folder)) return remove();
  return withLock(machine.folder, remove, () => say(`${name}: waiting for another command about it to end`));
}

async function removeMachine(place: Place, scope: Scope, say: Say): Promise<void> {
  const removed = await sweep(scope);
  say(removed.length === 0 ? `${scope.name}: there is nothing to remove` : `${scope.name}: removed`);
  if (machineNames(place).length === 0) await sweep(scopeOfWorld(place));
}

/**
 * Removes all machines of a world and all else of it; ends those who make something there just now.
 * @returns what was there, one line each
 * @throws FleetError naming what is left
 */
export async function down(world: string, say: Say): Promise<string[]> {
  requireLocalMachines(here(false));
  if (remains(world).length === 0) return [];
  const place = placeOf(world);
  return withLock(
    place.root,
    async () => {
      for (const maker of liveMakers(place)) await end(maker, say);
      return sweep(scopeOfWorld(place));
    },
    () => say(`${world}: waiting for another command about local machines`),
  );
}

async function end(maker: ProcessId, say: Say): Promise<void> {
  say(`ending process ${maker.pid}, which is making a machine`);
  signal(maker, "SIGTERM");
  if (await eventually(() => !isAlive(maker), MAKER_MS)) return;
  signal(maker, "SIGKILL");
  if (!(await eventually(() => !isAlive(maker), MAKER_MS))) throw new FleetError(`process ${maker.pid} doesn't end`);
}

/** What there is of a world, as `down` would find it; empty after it. */
export function remains(world: string): string[] {
  return leftovers(scopeOfWorld(placeOf(world)));
}
