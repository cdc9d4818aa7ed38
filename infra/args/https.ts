/** How a fleet answers the outside, as a program gives it. */
import type { Input } from "@pulumi/pulumi";

export interface HttpsArgs {
  /**
   * `internal`: each machine has a certificate authority of its own, and the fleet's `caBundle` output verifies them all.
   * `acme`: each machine orders its certificates from an issuer, and renews them.
   * `own`: the certificate that you give. `none`: plain HTTP, for machines behind a balancer.
   * @default "internal"
   */
  mode?: "internal" | "acme" | "own" | "none";
  /** Domain names; `{machine}` in one stands for each machine's name. With `internal`, beside the machine's address. @default [] */
  domains?: string[];
  /** More names, such as `www.example.org`: their requests are sent on to the machine's first domain, for good. @default [] */
  redirects?: string[];
  /** Tells browsers to use nothing but HTTPS for these names from now on. @default not told */
  hsts?: HstsArgs;
  /** With mode `acme`. */
  acme?: AcmeArgs;
  /** With mode `own`. */
  own?: OwnCertificateArgs;
  /** @default 80 */
  httpPort?: number;
  /** @default 443 */
  httpsPort?: number;
  /**
   * Ranges of addresses, `10.0.0.0/8` or `fd00::/8`, of balancers and proxies in front. What they say about a client (`X-Forwarded-For`,
   * `X-Forwarded-Proto`) reaches the app; what anybody else says doesn't. @default none
   */
  trustedProxies?: string[];
  /** What a client may send, and for how long it may take its time. */
  limits?: LimitsArgs;
}

/** A request over a size is refused (413, 431), one over a time cut off, and its connection closed. */
export interface LimitsArgs {
  /** A request's line and headers together. @default 16 */
  headerKiB?: number;
  /** A request's body. @default 512 */
  bodyMiB?: number;
  /** Until the headers are there. @default 20000 */
  headerTimeoutMs?: number;
  /** Without a byte of a body on its way. @default 60000 */
  readTimeoutMs?: number;
  /** Without a byte of an answer taken. @default 60000 */
  writeTimeoutMs?: number;
  /** For a connection between two requests; longer than that of a balancer in front. @default 300000 */
  idleTimeoutMs?: number;
}

export interface HstsArgs {
  /** For how long, in seconds; 0 takes it back. @default 31536000, a year */
  maxAgeS?: number;
  /** @default false */
  includeSubDomains?: boolean;
  /** Agrees to the browsers' own list, which is hard to get off again. @default false */
  preload?: boolean;
}

export interface AcmeArgs {
  /** Whom the issuer writes to. By giving it you agree to the issuer's terms. */
  email: string;
  /** The issuer's directory. @default Let's Encrypt's */
  directory?: string;
  /** Let's Encrypt's staging issuer: without its limits, and trusted by nobody. For trying things out. @default false */
  staging?: boolean;
  /** PEM of what the directory's own certificate is verified with. @default the machine's authorities */
  caRoot?: string;
  /** The account's private key, PEM. @default one is made for the fleet, and kept in the state, encrypted */
  accountKey?: Input<string>;
  /** External account binding, where the issuer asks for it. */
  eab?: { keyId: string; hmacKey: Input<string> };
  /** A certificate is renewed once this part of its lifetime is left, 0 to 1. @default a third */
  renewAtPart?: number;
}

/** Give both as secrets. Another one reloads Caddy, and restarts nothing. */
export interface OwnCertificateArgs {
  /** PEM: your certificate first, then those that signed it, up to the one that clients know. */
  certificate: Input<string>;
  /** Its private key, PEM, without a passphrase. */
  key: Input<string>;
}
