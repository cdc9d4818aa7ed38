/** How to reach a fleet's machines: a stack output that `fleet status` and friends read. */
import * as pulumi from "@pulumi/pulumi";
import type { Machine, SshTransport, Tunnel } from "./machines/machine.ts";

/** One fleet's machines, in the order of the fleet. Plain data, without private keys. */
export interface Inventory {
  schema: 1;
  fleet: string;
  app: string;
  machines: InventoryMachine[];
  /** Machines at AWS that nobody logs in to: provider `autoscaling`, or `ec2` with delivery `ssm`. */
  group?: InventoryGroup | undefined;
}

export interface InventoryGroup {
  /** The group's on AWS; of machines with names, the fleet's. */
  name: string;
  region: string;
  /** Machines with names, and the value of their tag `fleetwright:stack`; without them, those that the group has. */
  instances?: { stack: string; machines: { name: string; id: string }[] } | undefined;
  /** What going back needs; absent in the state of an earlier Fleetwright. */
  releases?: GroupReleases | undefined;
}

/** How releases come to a group, as `machines` had it. */
export interface GroupReleases {
  /** The artifacts' bucket. */
  bucket: string;
  warmUpMs: number;
  /** Of an Auto Scaling group. */
  refresh?:
    | {
        minHealthyPercent: number;
        maxHealthyPercent: number;
        checkpoints: number[];
        checkpointDelayMs: number;
      }
    | undefined;
  /** Where they come in place. */
  inPlace?: { document: string; batch: string; maxErrors: number } | undefined;
}

export interface InventoryMachine {
  name: string;
  /** What clients reach it by. */
  address: string;
  transport: InventoryLogin & { kind: "ssh"; bastion?: InventoryLogin | undefined; tunnel?: Tunnel | undefined };
}

/** Who asks has a key file, or an agent. */
export interface InventoryLogin {
  host: string;
  port: number;
  user: string;
  hostKey: string;
  privateKeyFile?: string | undefined;
}

export function inventoryOf(fleet: string, app: string, machines: readonly Machine[]): pulumi.Output<Inventory> {
  const entries = machines.map(({ name, address, transport }) =>
    pulumi.all([address, pulumi.unsecret(transport)]).apply(([at, way]) => ({ name, address: at, transport: withoutKeys(way) })),
  );
  return pulumi.all(entries).apply((all) => ({ schema: 1 as const, fleet, app, machines: all }));
}

function withoutKeys({ privateKey: _key, bastion, ...transport }: SshTransport): InventoryMachine["transport"] {
  if (bastion === undefined) return transport;
  const { privateKey: _bastionKey, ...through } = bastion;
  return { ...transport, bastion: through };
}
