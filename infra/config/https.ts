/** How the fleet answers the outside: certificates, names and ports. */
import { z } from "zod";
import { limitsSchema, proxyRangeSchema } from "../../runtime/https.ts";
import { leaf } from "./leaf.ts";
import { port } from "./numbers.ts";

/** Stands for a machine's name in a domain. */
export const MACHINE = "{machine}";

const MARK = "(?:[a-z0-9]|\\{machine\\})";
const LABEL = `${MARK}(?:(?:${MARK}|-){0,61}${MARK})?`;

export const domain = z
  .string()
  .regex(
    new RegExp(`^(?=.{1,253}$)(?:${LABEL}\\.)+(?![0-9])${LABEL}$`),
    'a domain name in lower-case letters, for example "app.example.org" or "{machine}.example.org"',
  );

const LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory";
const LETS_ENCRYPT_STAGING = "https://acme-staging-v02.api.letsencrypt.org/directory";

const pem = (what: string) => z.string().regex(new RegExp(`-----BEGIN ${what}-----`), `PEM, from "-----BEGIN ${what}-----" on`);

const acme = z
  .strictObject({
    email: z.string().regex(/^[^\s@{}/\\]+@[^\s@{}/\\]+\.[^\s@{}/\\]+$/, "an e-mail address that the issuer may write to"),
    directory: z
      .string()
      .regex(/^https:\/\/[^\s{}]+$/, "the issuer's directory, an https URL")
      .optional(),
    staging: z.boolean().default(false),
    caRoot: pem("CERTIFICATE").optional(),
    accountKey: leaf(
      z.custom<string>(
        (value) => typeof value === "string" && /-----BEGIN (EC )?PRIVATE KEY-----/.test(value),
        "must be a private key in PEM",
      ),
    ).optional(),
    eab: z
      .strictObject({ keyId: z.string().regex(/^[^\s{}]+$/, "the id that the issuer gave"), hmacKey: leaf(z.string().min(1)) })
      .optional(),
    renewAtPart: z.number().gt(0).lt(1).optional(),
  })
  .superRefine(({ directory, staging }, context) => {
    if (!staging || directory === undefined) return;
    context.addIssue({
      code: "custom",
      path: ["staging"],
      message: "is Let's Encrypt's, and \"directory\" names another issuer: keep one of them",
    });
  })
  .transform(({ staging, ...given }) => ({ ...given, directory: given.directory ?? (staging ? LETS_ENCRYPT_STAGING : LETS_ENCRYPT) }));

const own = z.strictObject({ certificate: leaf(z.string().min(1)), key: leaf(z.string().min(1)) });

const hsts = z
  .strictObject({
    maxAgeS: z.int().min(0).max(63_072_000).default(31_536_000),
    includeSubDomains: z.boolean().default(false),
    preload: z.boolean().default(false),
  })
  .superRefine(({ maxAgeS, includeSubDomains, preload }, context) => {
    if (!preload || (includeSubDomains && maxAgeS >= 31_536_000)) return;
    context.addIssue({
      code: "custom",
      path: ["preload"],
      message: 'needs "includeSubDomains: true" and "maxAgeS" of 31536000 or more, as the list of the browsers does',
    });
  });

export const httpsConfigSchema = z
  .strictObject({
    mode: z.enum(["internal", "acme", "own", "none"]).default("internal"),
    domains: z.array(domain).default([]),
    redirects: z.array(domain).default([]),
    hsts: hsts.optional(),
    acme: acme.optional(),
    own: own.optional(),
    httpPort: port.default(80),
    httpsPort: port.default(443),
    trustedProxies: z.array(proxyRangeSchema).default([]),
    limits: z.prefault(limitsSchema, {}),
  })
  .prefault({});
export type HttpsConfig = z.output<typeof httpsConfigSchema>;
