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

export const weekdays = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;

/** When a machine restarts itself, if it has to. All times are UTC. */
const rebootsSchema = z.strictObject({
  /** Of the window's beginning. */
  days: z.array(z.enum(weekdays)).check(z.minLength(1)),
  /** The window's beginning, in minutes after midnight. */
  fromMinute: z.int().check(z.minimum(0), z.maximum(1439)),
  /** Its length; it may last over midnight. */
  minutes: z.int().check(z.minimum(1), z.maximum(1440)),
  /** The window is shared out evenly: this machine's part of it, from 0. */
  slot: z.strictObject({ index: z.int().check(z.minimum(0)), count: z.int().check(z.minimum(1)) }),
});
export type Reboots = z.infer<typeof rebootsSchema>;

/** Each key is there only where it is on: a machine whose manifest lacks it has nothing of it. No part of a generation. */
export const hardeningSchema = z.strictObject({
  firewall: z.optional(firewallSchema),
  sshKeysOnly: z.optional(z.literal(true)),
  /** `required`: a machine without the package is refused; else it is told of. */
  upgrades: z.optional(z.strictObject({ required: z.boolean() })),
  reboots: z.optional(rebootsSchema),
});
export type Hardening = z.infer<typeof hardeningSchema>;
