/** Changes a stack's file as a person would: comments and order stay. Pure. */
import { isMap, isSeq, parse, parseDocument, type YAMLMap, type YAMLSeq } from "yaml";
import { z } from "zod";
import type { InventoryMachine } from "../inventory.ts";

export type WithoutHost =
  | { kind: "removed"; text: string }
  /** It isn't there (any more). */
  | { kind: "unnamed" }
  /** The machines aren't listed by name. */
  | { kind: "counted" }
  /** It is the only one. */
  | { kind: "last" }
  /** The file doesn't configure this fleet: a program does. */
  | { kind: "elsewhere" };

/** Takes a host out of `machines.hosts`, and its name out of `rollout.skip`. */
export function withoutHost(text: string, fleet: string, name: string): WithoutHost {
  const document = parseDocument(text);
  const config = document.getIn(["config", "fleetwright:fleet"]);
  if (!isMap(config) || (config.get("name") ?? "web") !== fleet) return { kind: "elsewhere" };
  const hosts = config.getIn(["machines", "hosts"]);
  if (!isSeq(hosts)) return { kind: "counted" };
  const index = hosts.items.findIndex((item) => isMap(item) && item.get("name") === name);
  if (index < 0) return { kind: "unnamed" };
  if (hosts.items.length === 1) return { kind: "last" };
  hosts.delete(index);
  unskip(config, name);
  return { kind: "removed", text: document.toString({ lineWidth: 0 }) };
}

function unskip(config: YAMLMap, name: string): void {
  const skip = config.getIn(["rollout", "skip"]);
  if (!isSeq(skip)) return;
  const list = skip as YAMLSeq;
  const index = list.items.findIndex((item) => String(item) === name);
  if (index >= 0) list.delete(index);
}

const login = {
  address: z.string(),
  port: z.int().default(22),
  user: z.string().default("root"),
  hostKey: z.string(),
  privateKeyFile: z.string().optional(),
};

/** What can be read without the stack's passphrase. */
const fileSchema = z.object({
  config: z.object({
    "fleetwright:fleet": z.object({
      name: z.string().default("web"),
      machines: z.object({ hosts: z.array(z.object({ name: z.string(), ...login, bastion: z.object(login).optional() })) }),
    }),
  }),
});

/** The way to a machine that the file names; undefined where it doesn't, or not in plain. */
export function hostIn(text: string, fleet: string | undefined, name: string): InventoryMachine | undefined {
  const file = fileSchema.safeParse(parse(text)).data?.config["fleetwright:fleet"];
  if (file === undefined || (fleet !== undefined && fleet !== file.name)) return undefined;
  const host = file.machines.hosts.find((each) => each.name === name);
  if (host === undefined) return undefined;
  const { bastion, name: _name, address, ...way } = host;
  const through = bastion === undefined ? {} : { bastion: loginOf(bastion) };
  return { name, address, transport: { kind: "ssh", host: address, ...way, ...through } };
}

const loginOf = ({ address, ...way }: z.output<z.ZodObject<typeof login>>) => ({ host: address, ...way });
