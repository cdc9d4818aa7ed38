/** How the fleet answers the outside: certificates, names and ports. */
import { z } from "zod";
import { port } from "./numbers.ts";

const domain = z
  .string()
  .regex(/^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}$/, 'a domain name, for example "app.example.org"');

export const httpsConfigSchema = z
  .strictObject({
    mode: z.enum(["internal", "none"]).default("internal"),
    domains: z.array(domain).default([]),
    httpPort: port.default(80),
    httpsPort: port.default(443),
  })
  .prefault({});
