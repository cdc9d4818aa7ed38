/** The part of a manifest that says how a machine answers the outside, and what of it travels beside the manifest. Shared by both sides. */
import { secretVersionSchema } from "./secrets.ts";
import * as z from "./zod.ts";

const port = z.int().check(z.minimum(1), z.maximum(65535));
const name = z.string().check(z.regex(/^[a-z0-9.:-]{1,253}$/i, "a domain name or an address"));

/** Where certificates are ordered (RFC 8555). */
const acmeSchema = z.strictObject({
  directory: z.string().check(z.regex(/^https:\/\/[^\s{}]+$/, "an https URL")),
  email: z.string().check(z.regex(/^[^\s@{}/\\]+@[^\s@{}/\\]+$/, "an e-mail address")),
  /** PEM of what the directory's own certificate is verified with. @default the system's authorities */
  caRoot: z.optional(z.string()),
  /** External account binding; the version is one of its MAC key. */
  eab: z.optional(
    z.strictObject({ keyId: z.string().check(z.regex(/^[^\s{}]+$/, "text without blanks and braces")), version: secretVersionSchema }),
  ),
  /** A certificate is renewed once this part of its lifetime is left. */
  renewAtPart: z.optional(z.number().check(z.gt(0), z.lt(1))),
});

const milliseconds = z.int().check(z.minimum(1), z.maximum(86_400_000));

/** What a client may send, and for how long it may take its time. Over HTTP and HTTPS alike. */
export const limitsSchema = z.strictObject({
  /** Of a request's line and headers together. @default 16, as Caddy's own; Node takes no more either */
  headerKiB: z._default(z.int().check(z.minimum(1), z.maximum(1024)), 16),
  /** Of a request's body. @default 512: uploads of 100 MB and more, and nothing that fills a disk by itself */
  bodyMiB: z._default(z.int().check(z.minimum(1), z.maximum(1_048_576)), 512),
  /** From a request's first byte, or a connection's, to the end of the headers. @default 20 s, as Apache's mod_reqtimeout */
  headerTimeoutMs: z._default(milliseconds, 20_000),
  /** Without a byte of a body on its way. @default 60 s, as nginx's client_body_timeout */
  readTimeoutMs: z._default(milliseconds, 60_000),
  /** Without a byte of an answer taken. @default 60 s, as nginx's send_timeout */
  writeTimeoutMs: z._default(milliseconds, 60_000),
  /** For a connection between two requests. @default 5 min, as Caddy's own; balancers want theirs (AWS: 60 s) to be the shorter one */
  idleTimeoutMs: z._default(milliseconds, 300_000),
});
export type Limits = z.infer<typeof limitsSchema>;

/** A range of addresses whose headers are believed. Not everybody's: then a client could say that it is anyone. */
export const proxyRangeSchema = z
  .string()
  .check(
    z.regex(
      new RegExp(`^(?!.*/0+$)(?:${z.regexes.cidrv4.source}|${z.regexes.cidrv6.source})`),
      'a range of addresses such as "10.0.0.0/8" or "fd00::/8", a single one as "192.0.2.7/32"; never all of them ("/0")',
    ),
  );

export const httpsSchema = z.strictObject({
  /**
   * `internal`: the machine's own certificate authority. `acme`: certificates are ordered and renewed. `own`: one that was given.
   * `none`: plain HTTP, behind a balancer.
   */
  mode: z.enum(["internal", "acme", "own", "none"]),
  /** Addresses and domain names that the certificates are for; the first is what clients are told. */
  names: z.array(name).check(z.minLength(1)),
  /** Those of the names whose requests are sent on to another one, for good. */
  redirects: z.optional(z.strictObject({ from: z.array(name), to: name })),
  /** Strict-Transport-Security (RFC 6797). */
  hsts: z.optional(z.strictObject({ maxAgeS: z.int().check(z.minimum(0)), includeSubDomains: z.boolean(), preload: z.boolean() })),
  acme: z.optional(acmeSchema),
  /** The given certificate, by a version of it and its key: neither is in the manifest. */
  own: z.optional(z.strictObject({ version: secretVersionSchema })),
  httpPort: port,
  httpsPort: port,
  /** Balancers and proxies in front, that tell the client's address and scheme. */
  trustedProxies: z.optional(z.array(proxyRangeSchema)),
  /** @default those of each */
  limits: z.optional(limitsSchema),
});
export type Https = z.infer<typeof httpsSchema>;

/** Who serves by the address needs a certificate for it, or none at all: then it is the first of the names. */
export const servesByAddress = (mode: Https["mode"]): boolean => mode === "internal" || mode === "none";

export const limitsOf = ({ limits }: Https): Limits => limits ?? limitsSchema.parse({});

const pem = z.string().check(z.maxLength(256 * 1024));

/** What comes beside a manifest on standard input: values that are in no manifest. All of it is secret. */
export const givenTlsSchema = z.strictObject({
  /** The certificate of `own`, with the chain to its authority, and its key. PEM. */
  certificate: z.optional(pem),
  key: z.optional(pem),
  /** The MAC key of the external account binding. */
  eabKey: z.optional(z.string().check(z.maxLength(1024))),
  /** The key of the fleet's account with the issuer, PEM: kept by a machine that has none. */
  accountKey: z.optional(pem),
  /** What a machine of that name had from the issuer, sealed with the account's key: for one that has nothing. */
  storage: z.optional(z.string().check(z.maxLength(8 * 1024 * 1024))),
});
export type GivenTls = z.infer<typeof givenTlsSchema>;

/** What versions of the given certificate and of the MAC key are made of: see `secretVersion`. */
export const tlsSecretNames = { own: "https.own", eabKey: "https.acme.eab.hmacKey" } as const;

/** The value that a version of the given certificate stands for. */
export const ownValue = ({ certificate, key }: { certificate: string; key: string }): string => `${certificate.trim()}\n${key.trim()}\n`;
