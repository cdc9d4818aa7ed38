/** Finds the fleets of a stack among its outputs, whatever the program calls them. Pure. */
import { z } from "zod";
import { exitCodes, FleetError } from "../errors.ts";
import type { Inventory, InventoryGroup } from "../inventory.ts";

const loginShape = { host: z.string(), port: z.int(), user: z.string(), hostKey: z.string(), privateKeyFile: z.string().optional() };

const tunnel = z.object({ instanceId: z.string(), region: z.string(), profile: z.string().optional() });

const refreshSchema = z.object({
  minHealthyPercent: z.int(),
  maxHealthyPercent: z.int(),
  checkpoints: z.array(z.int()),
  checkpointDelayMs: z.int(),
});

const groupReleases = z.object({
  bucket: z.string(),
  warmUpMs: z.int(),
  refresh: refreshSchema.optional(),
  inPlace: z.object({ document: z.string(), batch: z.string(), maxErrors: z.int() }).optional(),
});

const instances = z.object({ stack: z.string(), machines: z.array(z.object({ name: z.string(), id: z.string() })) });

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
  group: z.object({ name: z.string(), region: z.string(), instances: instances.optional(), releases: groupReleases.optional() }).optional(),
});

/** Every inventory in a stack's output values, also inside objects such as `{ shop: shop.inventory, blog: blog.inventory }`. */
export function findInventories(output: unknown): Inventory[] {
  const inventory = inventorySchema.safeParse(output);
  if (inventory.success) return [inventory.data];
  if (output === null || typeof output !== "object" || Array.isArray(output)) return [];
  return Object.values(output).flatMap(findInventories);
}

/**
 * The fleet of that name, or all of them whose machines can be asked.
 * @throws FleetError when there is none of that name, or nothing but groups, whose machines nobody logs in to
 */
export function chooseFleets(inventories: readonly Inventory[], fleet: string | undefined): readonly Inventory[] {
  const chosen = fleet === undefined ? inventories : inventories.filter((inventory) => inventory.fleet === fleet);
  if (chosen.length === 0) throw unknownFleet(inventories, fleet ?? "");
  const asked = chosen.filter(({ group }) => group === undefined);
  if (asked.length === 0) throw onlyGroups(chosen);
  return asked;
}

/** Groups among the fleets that are meant, and the others. @throws FleetError when there is none of that name */
export function sortFleets(
  inventories: readonly Inventory[],
  fleet: string | undefined,
): { pushed: readonly Inventory[]; groups: GroupInventory[] } {
  const chosen = fleet === undefined ? inventories : inventories.filter((inventory) => inventory.fleet === fleet);
  if (chosen.length === 0) throw unknownFleet(inventories, fleet ?? "");
  const groups = chosen.flatMap(({ group, ...inventory }) => (group === undefined ? [] : [{ ...inventory, group }]));
  return { pushed: chosen.filter(({ group }) => group === undefined), groups };
}

export type GroupInventory = Inventory & { group: InventoryGroup };

function unknownFleet(inventories: readonly Inventory[], fleet: string): FleetError {
  return new FleetError(`the stack has no fleet "${fleet}".`, {
    next: `name one that is in its outputs: ${inventories.map((inventory) => inventory.fleet).join(", ")}`,
    exitCode: exitCodes.usage,
  });
}

function onlyGroups(fleets: readonly Inventory[]): FleetError {
  const [{ name = "", region = "" } = {}] = fleets.map(({ group }) => group);
  const named = fleets.find(({ group }) => group?.instances !== undefined);
  if (named !== undefined) return onlyNamed(named);
  const what = fleets.map(({ fleet, group }) => `"${fleet}" is the group ${group?.name} at AWS (${group?.region})`).join(", ");
  return new FleetError(`${what}: nobody logs in to its machines, which come and go.`, {
    next:
      `aws autoscaling describe-auto-scaling-groups --region ${region} --auto-scaling-group-names ${name}; ` +
      'docs/aws-autoscaling.md, "What is different here", says what to use in place of this.',
    exitCode: exitCodes.usage,
  });
}

function onlyNamed({ fleet, group }: Inventory): FleetError {
  const machines = group?.instances?.machines ?? [];
  const each = machines.map(({ name, id }) => `${name} (${id})`).join(", ");
  return new FleetError(`nobody logs in to the machines of "${fleet}" (machines.delivery: ssm): ${each}.`, {
    next:
      `aws ssm start-session --region ${group?.region} --target ${machines[0]?.id}, if IAM allows you; ` +
      'docs/aws.md, "Without SSH", says what to use in place of this.',
    exitCode: exitCodes.usage,
  });
}
