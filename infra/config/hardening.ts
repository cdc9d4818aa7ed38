/** What of each machine's own baseline the fleet keeps; each key can be turned off, for teams that have their own. */
import { z } from "zod";
import type { Firewall, Hardening } from "../../runtime/hardening.ts";
import type { HttpsConfig } from "./https.ts";
import { rebootsConfig, rebootsOf, upgradesConfig } from "./upkeep.ts";
import { port } from "./numbers.ts";

/**
 * What one address may have open, where nothing is said. A browser opens six to a host over HTTP/1.1 and one over HTTP/2, and many
 * people share an address behind their office's or carrier's NAT: this is some 340 such browsers at once, or half a minute in which an app
 * answers none of 64 requests a second. Met in a trial: with 512, an app that stood still for some seconds had requests refused.
 */
const CONNECTIONS_PER_ADDRESS = 2_048;

const cidr = z.union([z.cidrv4(), z.cidrv6()]);
const network = z.string().refine((text) => cidr.safeParse(text).success, 'must be a network such as "10.0.0.0/8" or "2001:db8::/32"');

const allow = z.strictObject({ port, protocol: z.enum(["tcp", "udp"]).default("tcp"), from: z.array(network).min(1).optional() });

const firewall = z.union([
  z.literal(false),
  z.strictObject({
    connectionsPerAddress: z.union([z.literal(false), z.int().min(1).max(1_000_000)]).optional(),
    allow: z.array(allow).max(64).default([]),
  }),
]);

export const hardeningConfigSchema = z
  .strictObject({
    firewall: firewall.prefault({}),
    sshKeysOnly: z.boolean().default(true),
    upgrades: upgradesConfig.default("auto"),
    reboots: rebootsConfig.default(false),
  })
  .prefault({});
export type HardeningConfig = z.output<typeof hardeningConfigSchema>;

/** What a machine's part of it depends on. */
export interface HardenedMachine {
  /** Where the operator's SSH comes in. */
  sshPort: number;
  /** Its place in the fleet, and how many there are. */
  slot: { index: number; count: number };
}

/** A machine's part of it. */
export function hardeningOf(config: HardeningConfig, https: Pick<HttpsConfig, "mode">, { sshPort, slot }: HardenedMachine): Hardening {
  const { firewall: wall, sshKeysOnly, upgrades, reboots } = config;
  return {
    ...(wall === false ? {} : { firewall: firewallOf(wall, https, sshPort) }),
    ...(sshKeysOnly ? { sshKeysOnly } : {}),
    ...(upgrades === false ? {} : { upgrades: { required: upgrades === true } }),
    ...(reboots === false ? {} : { reboots: rebootsOf(reboots, slot) }),
  };
}

/** Behind a balancer, all connections come from a few addresses. */
function firewallOf(
  { connectionsPerAddress, allow: more }: Exclude<HardeningConfig["firewall"], false>,
  { mode }: Pick<HttpsConfig, "mode">,
  sshPort: number,
): Firewall {
  const most = connectionsPerAddress ?? (mode === "none" ? false : CONNECTIONS_PER_ADDRESS);
  return {
    sshPorts: [sshPort],
    ...(most === false ? {} : { connectionsPerAddress: most }),
    ...(more.length === 0 ? {} : { allow: more }),
  };
}
