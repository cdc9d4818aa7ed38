/** What of each machine's own baseline the fleet keeps; each key can be turned off, for teams that have their own. */
import { z } from "zod";
import type { Hardening } from "../../runtime/hardening.ts";
import type { HttpsConfig } from "./https.ts";
import { port } from "./numbers.ts";

/**
 * What one address may have open, where nothing is said. A browser opens six to a host over HTTP/1.1 and one over HTTP/2, and many
 * people share an address behind their office's or carrier's NAT: this is some eighty such browsers at once.
 */
const CONNECTIONS_PER_ADDRESS = 512;

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

export const hardeningConfigSchema = z.strictObject({ firewall: firewall.prefault({}), sshKeysOnly: z.boolean().default(true) }).prefault({});
export type HardeningConfig = z.output<typeof hardeningConfigSchema>;

/** A machine's part of it. @param sshPort where the operator's SSH comes in */
export function hardeningOf({ firewall: wall, sshKeysOnly }: HardeningConfig, https: Pick<HttpsConfig, "mode">, sshPort: number): Hardening {
  return {
    ...(wall === false ? {} : { firewall: firewallOf(wall, https, sshPort) }),
    ...(sshKeysOnly ? { sshKeysOnly } : {}),
  };
}

/** Behind a balancer, all connections come from a few addresses. */
function firewallOf({ connectionsPerAddress, allow: more }: Exclude<HardeningConfig["firewall"], false>, { mode }: Pick<HttpsConfig, "mode">, sshPort: number) {
  const most = connectionsPerAddress ?? (mode === "none" ? false : CONNECTIONS_PER_ADDRESS);
  return {
    sshPorts: [sshPort],
    ...(most === false ? {} : { connectionsPerAddress: most }),
    ...(more.length === 0 ? {} : { allow: more }),
  };
}
