/** How to reach a fleet's machines: a stack output that `fleet status` and friends read. */
import * as pulumi from "@pulumi/pulumi";
import type { Machine, SshTransport, Tunnel } from "./machines/machine.ts";

/** One fleet's machines, in the order of the fleet. Plain data, without private keys. */
export interface Inventory {
  schema: 1;
  fleet: string;
  app: string;
  machines: InventoryMachine[];
  /** With provider `autoscaling`: the group at AWS, whose machines nobody logs in to. */
  group?: InventoryGroup | undefined;
}

export interface InventoryGroup {
  name: string;
  region: string;
  /** What going back needs; absent in the state of an earlier Fleetwright. */
  releases?: GroupReleases | undefined;
}

/** How releases come to a group, as `machines` had it. */
export interface GroupReleases {
  /** The artifacts' bucket. */
  bucket: string;
  warmUpMs: number;
  refresh: {
    minHealthyPercent: number;
    maxHealthyPercent: number;
    checkpoints: number[];
    checkpointDelayMs: number;
  };
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
