/** The part of a manifest that says what of a machine's own baseline is Fleetwright's to keep. Shared by both sides. */
import * as z from "./zod.ts";

const port = z.int().check(z.minimum(1), z.maximum(65535));

/** One more way in. */
const allowSchema = z.strictObject({
  port,
  protocol: z.enum(["tcp", "udp"]),
  /** Networks that may; everybody where there is none. */
  from: z.optional(z.array(z.union([z.cidrv4(), z.cidrv6()])).check(z.minLength(1))),
});
export type Allowed = z.infer<typeof allowSchema>;

const firewallSchema = z.strictObject({
  /** Where the operator's SSH comes in; what the machine's own sshd listens on is let in as well. */
  sshPorts: z.array(port).check(z.minLength(1)),
  /** Open connections to the ports of HTTP and HTTPS from one address, or one /64 of IPv6. Not there: any number. */
  connectionsPerAddress: z.optional(z.int().check(z.minimum(1))),
  allow: z.optional(z.array(allowSchema)),
});
export type Firewall = z.infer<typeof firewallSchema>;

/** Each key is there only where it is on: a machine whose manifest lacks it has nothing of it. No part of a generation. */
export const hardeningSchema = z.strictObject({
  firewall: z.optional(firewallSchema),
  sshKeysOnly: z.optional(z.literal(true)),
});
export type Hardening = z.infer<typeof hardeningSchema>;
