/** The part of a manifest that says how a machine answers the outside. Shared by both sides. */
import * as z from "./zod.ts";

const port = z.int().check(z.minimum(1), z.maximum(65535));

export const httpsSchema = z.strictObject({
  /** `internal`: the machine's own certificate authority. `none`: plain HTTP, behind a balancer. */
  mode: z.enum(["internal", "none"]),
  /** Addresses and domain names that the certificate is for; the first is the machine's own address. */
  names: z.array(z.string().check(z.minLength(1))).check(z.minLength(1)),
  httpPort: port,
  httpsPort: port,
});
