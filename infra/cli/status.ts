/** `fleet status`: what every machine runs, asked of the machines themselves. */
import { exitCodes } from "../errors.ts";
import { askFleet } from "./ask.ts";
import { readInventory } from "./stacks.ts";
import { statusTable } from "./table.ts";

/** Exit code 0 when every machine is healthy, 1 when one isn't. */
export async function status({ stack, json }: { stack: string; json?: boolean }): Promise<number> {
  const seen = await askFleet(await readInventory(stack));
  process.stdout.write(json === true ? `${JSON.stringify(seen, null, 2)}\n` : `${statusTable(seen)}\n`);
  return seen.machines.every(({ health }) => health === "healthy") ? exitCodes.ok : exitCodes.failed;
}
