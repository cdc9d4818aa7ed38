/** Which machines a recovery is about: those that the configuration names, as far as they can be known before the program runs. */
import { dirname, join } from "node:path";
import { parseStackConfig } from "../config/parse.ts";
import type { StackConfig } from "../config/schema.ts";
import { observe } from "../machines/local/observe.ts";
import { machinePlace, type Place, placeOf } from "../machines/local/place.ts";
import { readMachine } from "../machines/local/registry.ts";
import { worldOf } from "../machines/local/world-id.ts";
import type { SshTransport } from "../machines/machine.ts";

export interface Candidate {
  fleet: string;
  app: string;
  name: string;
  address: string;
  /** Undefined for one that isn't there (any more) and will be made. */
  transport: SshTransport | undefined;
}

/** The folder that Pulumi runs a program in, which its local machines' world is named after. */
export function programFolder(root: string, main: string | undefined): string {
  if (main === undefined) return root;
  return /\.[cm]?[jt]s$/.test(main) ? join(root, dirname(main)) : join(root, main);
}

/**
 * @param value the configuration's value as the stack's file has it: secrets may be encrypted
 * @param at folder and stack whose local machines are meant
 */
export function candidatesOf(value: unknown, at: { folder: string; stack: string }): Candidate[] {
  const config = parseStackConfig(withoutSecrets(value));
  const about = { fleet: config.name, app: config.app.name ?? config.name };
  const { machines } = config;
  if (machines.provider === "hosts") return hostsOf(machines).map((host) => ({ ...about, ...host }));
  // What a cloud has, its own provider finds out.
  if (machines.provider !== "local") return [];
  const place = placeOf(worldOf(at.folder, at.stack));
  return Array.from({ length: machines.count }, (_, index) => ({ ...about, ...localMachine(place, `${config.name}-${index + 1}`) }));
}

type Machines = StackConfig["machines"];

/** A host whose address or key is a secret is asked by the rollout only. */
function hostsOf(machines: Extract<Machines, { provider: "hosts" }>): Pick<Candidate, "name" | "address" | "transport">[] {
  return machines.hosts.flatMap(({ name, domains: _domains, ...login }) => {
    const transport = transportOf(login);
    return transport === undefined ? [] : [{ name, address: transport.host, transport }];
  });
}

type Login = Extract<Machines, { provider: "hosts" }>["hosts"][number];

function transportOf({ bastion, ...login }: Omit<Login, "name" | "domains">): SshTransport | undefined {
  const through = bastion === undefined ? undefined : loginOf(bastion);
  const own = loginOf(login);
  if (own === undefined || (bastion !== undefined && through === undefined)) return undefined;
  return { kind: "ssh", ...own, ...(through === undefined ? {} : { bastion: through }) };
}

function loginOf({ address, hostKey, privateKey, ...login }: Omit<Login, "name" | "domains" | "bastion">) {
  if ([address, hostKey, privateKey].some((text) => text === HIDDEN || text === HIDDEN_HOST_KEY)) return undefined;
  return { ...login, host: String(address), hostKey: String(hostKey), privateKeyFile: login.privateKeyFile };
}

function localMachine(place: Place, name: string): Pick<Candidate, "name" | "address" | "transport"> {
  const seen = observe(place, name);
  const record = readMachine(machinePlace(place, name));
  if (seen.state !== "running" || record?.disk == null) return { name, address: record?.address ?? "-", transport: undefined };
  const { hostKey } = record.disk;
  const { privateKeyFile } = place;
  return { name, address: seen.address, transport: { kind: "ssh", host: seen.address, port: 22, user: "root", hostKey, privateKeyFile } };
}

const HIDDEN = "(secret)";
const HIDDEN_HOST_KEY = "ssh-ed25519 AAAA";

/** Encrypted values, as Pulumi writes them (`secure: v1:…`), by something that passes for them. Pure. */
export function withoutSecrets(value: unknown, key = ""): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutSecrets(item, key));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  if (entries.length === 1 && entries[0]?.[0] === "secure") return key === "hostKey" ? HIDDEN_HOST_KEY : HIDDEN;
  return Object.fromEntries(entries.map(([name, item]) => [name, withoutSecrets(item, name)]));
}
