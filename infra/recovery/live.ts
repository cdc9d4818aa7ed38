/** What each machine runs: as it says itself, else as its last rollout planned it. Pure. */
import * as z from "zod/mini";
import { type Manifest, manifestSchema } from "../../runtime/manifest.ts";
import type { MachineReleases } from "../cli/ask-releases.ts";
import type { Inventory, InventoryMachine } from "../inventory.ts";
import type { Plan } from "../rollout/plan.ts";

export interface LiveMachine {
  fleet: string;
  app: string;
  machine: InventoryMachine;
  manifest: Manifest;
}

/** @param answers of the fleet's machines; a `fleet rollback` is known to them alone */
export function liveMachines(inventory: Inventory, plans: readonly Plan[], answers: readonly MachineReleases[]): LiveMachine[] {
  const planned = plans.filter(({ fleet }) => fleet === inventory.fleet).flatMap(({ machines }) => machines);
  return inventory.machines.flatMap((machine) => {
    const manifest =
      manifestSaid(answers.find(({ name }) => name === machine.name)) ?? planned.find(({ name }) => name === machine.name)?.manifest;
    return manifest === undefined ? [] : [{ fleet: inventory.fleet, app: inventory.app, machine, manifest }];
  });
}

function manifestSaid(answer: MachineReleases | undefined): Manifest | undefined {
  if (answer?.state !== "answered") return undefined;
  const { live, stored } = answer.releases;
  const entry = stored.find(({ generation }) => generation === live?.generation);
  return z.safeParse(manifestSchema, entry?.manifest).data;
}

/** Every fleet of a stack: those whose inventories it exports, and those that only a plan tells of. */
export function allInventories(exported: readonly Inventory[], plans: readonly Plan[]): Inventory[] {
  return [...exported, ...plans.filter(({ fleet }) => !exported.some((inventory) => inventory.fleet === fleet)).map(inventoryOfPlan)];
}

/** An inventory out of a plan, for a program that exports none. */
function inventoryOfPlan({ fleet, machines }: Plan): Inventory {
  return {
    schema: 1,
    fleet,
    app: machines[0]?.manifest.app.name ?? fleet,
    machines: machines.map(({ name, transport: { privateKey: _key, bastion, ...transport } }) => {
      const { privateKey: _bastionKey, ...through } = bastion ?? { privateKey: undefined };
      return {
        name,
        address: transport.host,
        transport: bastion === undefined ? transport : { ...transport, bastion: through as typeof bastion },
      };
    }),
  };
}

/** The release that most of a fleet's machines run, by fleet. */
export function liveReleases(machines: readonly LiveMachine[]): Record<string, string> {
  const counts = new Map<string, Map<string, number>>();
  for (const { fleet, manifest } of machines) {
    const of = counts.get(fleet) ?? new Map<string, number>();
    of.set(manifest.app.release.id, (of.get(manifest.app.release.id) ?? 0) + 1);
    counts.set(fleet, of);
  }
  return Object.fromEntries([...counts].map(([fleet, of]) => [fleet, [...of].toSorted((a, b) => b[1] - a[1])[0]?.[0] ?? ""]));
}
