/** Finds the fleets of a stack among its outputs, whatever the program calls them. Pure. */
import { z } from "zod";
import { exitCodes, FleetError } from "../errors.ts";
import type { Inventory } from "../inventory.ts";

const loginShape = { host: z.string(), port: z.int(), user: z.string(), hostKey: z.string(), privateKeyFile: z.string().optional() };

const tunnel = z.object({ instanceId: z.string(), region: z.string(), profile: z.string().optional() });

/** Checked where it is read, not beside the type: what the library declares shall not pull in zod's declarations. */
export const inventorySchema: z.ZodType<Inventory> = z.object({
  schema: z.literal(1),
  fleet: z.string(),
  app: z.string(),
  machines: z.array(
    z.object({
      name: z.string(),
      address: z.string(),
      transport: z.object({ kind: z.literal("ssh"), ...loginShape, bastion: z.object(loginShape).optional(), tunnel: tunnel.optional() }),
    }),
  ),
});

/** Every inventory in a stack's output values, also inside objects such as `{ shop: shop.inventory, blog: blog.inventory }`. */
export function findInventories(output: unknown): Inventory[] {
  const inventory = inventorySchema.safeParse(output);
  if (inventory.success) return [inventory.data];
  if (output === null || typeof output !== "object" || Array.isArray(output)) return [];
  return Object.values(output).flatMap(findInventories);
}

/**
 * The fleet of that name, or all of them.
 * @throws FleetError when there is none of that name
 */
export function chooseFleets(inventories: readonly Inventory[], fleet: string | undefined): readonly Inventory[] {
  if (fleet === undefined) return inventories;
  const chosen = inventories.filter((inventory) => inventory.fleet === fleet);
  if (chosen.length > 0) return chosen;
  throw new FleetError(`the stack has no fleet "${fleet}".`, {
    next: `name one that is in its outputs: ${inventories.map((inventory) => inventory.fleet).join(", ")}`,
    exitCode: exitCodes.usage,
  });
}
