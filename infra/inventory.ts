/** How to reach a fleet's machines: a stack output that `fleet status` and friends read. */
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { Machine, SshTransport } from "./machines/machine.ts";

const loginShape = { host: z.string(), port: z.int(), user: z.string(), hostKey: z.string(), privateKeyFile: z.string().optional() };

export const inventorySchema = z.object({
  schema: z.literal(1),
  fleet: z.string(),
  app: z.string(),
  machines: z.array(
    z.object({
      name: z.string(),
      address: z.string(),
      transport: z.object({ kind: z.literal("ssh"), ...loginShape, bastion: z.object(loginShape).optional() }),
    }),
  ),
});
export type Inventory = z.infer<typeof inventorySchema>;

/** Without private keys: who asks has a key file, or an agent. */
export function inventoryOf(fleet: string, app: string, machines: readonly Machine[]): pulumi.Output<Inventory> {
  const entries = machines.map(({ name, address, transport }) =>
    pulumi.all([address, pulumi.unsecret(transport)]).apply(([at, way]) => ({ name, address: at, transport: withoutKeys(way) })),
  );
  return pulumi.all(entries).apply((all) => ({ schema: 1 as const, fleet, app, machines: all }));
}

function withoutKeys({ privateKey: _key, bastion, ...transport }: SshTransport): Inventory["machines"][number]["transport"] {
  if (bastion === undefined) return transport;
  const { privateKey: _bastionKey, ...through } = bastion;
  return { ...transport, bastion: through };
}
