/**
 * `fleet forget`: takes a machine that is gone out of the configuration. Nothing else holds it: the state has no resource of a
 * host, and the next `up` is planned for those that are named.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { exitCodes, FleetError } from "../errors.ts";
import type { Inventory } from "../inventory.ts";
import { askFleet } from "./ask.ts";
import { type FleetChoice, oneMachine } from "./machines.ts";
import { withoutHost } from "./stack-file.ts";
import { readInventories } from "./stacks.ts";

export async function forget(name: string, { stack, fleet, yes = false }: FleetChoice & { yes?: boolean }): Promise<number> {
  const { inventory } = oneMachine(await readInventories(stack), fleet, name);
  if (!yes) await refuseIfThere(inventory, name);
  const path = `Pulumi.${stack}.yaml`;
  const outcome = existsSync(path) ? withoutHost(readFileSync(path, "utf8"), inventory.fleet, name) : { kind: "elsewhere" as const };
  if (outcome.kind === "last") {
    throw new FleetError(`${name} is the only machine in ${path}.`, {
      kept: "everything; the file wasn't changed.",
      next: "add the machine that takes its place first; or remove the fleet: pulumi destroy",
      exitCode: exitCodes.usage,
    });
  }
  if (outcome.kind === "removed") writeFileSync(path, outcome.text);
  process.stdout.write(`${explain(outcome.kind, { name, path, stack })}\n`);
  return exitCodes.ok;
}

/** A machine that still serves would go on with an old release, with nobody to see to it. */
async function refuseIfThere(inventory: Inventory, name: string): Promise<void> {
  const seen = (await askFleet(inventory)).machines.find((machine) => machine.name === name);
  if (seen === undefined || seen.unreachable || seen.release === null) return;
  throw new FleetError(`${name} is there, and serves release ${seen.release.slice(0, 8)}.`, {
    kept: "everything; nothing was changed.",
    next: `take the app off it first: fleet decommission ${name}; or say --yes to leave it as it is.`,
    exitCode: exitCodes.usage,
  });
}

type Told = "removed" | "unnamed" | "counted" | "elsewhere";

function explain(kind: Told, { name, path, stack }: { name: string; path: string; stack: string }): string {
  const then = stack === "local" ? "npm run local" : `pulumi up --stack ${stack}`;
  switch (kind) {
    case "removed":
      return `${name} was taken out of ${path}. Next: ${then}. It changes nothing on the other machines.`;
    case "unnamed":
      return `${path} doesn't name ${name} any more. Next: ${then}, which takes it out of the stack's outputs.`;
    case "counted":
      return [
        `${path} gives machines by number (machines.count), so none can be taken out by name.`,
        `One that is lost is made anew by: ${then}. For fewer machines, lower machines.count.`,
      ].join("\n");
    case "elsewhere":
      return `Your program names ${name}: take it out there. Next: ${then}. It changes nothing on the other machines.`;
  }
}
