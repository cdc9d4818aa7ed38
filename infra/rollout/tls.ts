/** From configured certificates to what a plan and a manifest hold of them. Pure. */
import { type GivenTls, type Https, ownValue, servesByAddress, tlsSecretNames } from "../../runtime/https.ts";
import { secretVersion } from "../../runtime/secrets.ts";
import { ownCertificateFindings } from "../config/own-certificate.ts";
import type { HttpsConfig } from "../config/https.ts";
import { namesOf } from "../config/https-names.ts";
import { exitCodes, FleetError } from "../errors.ts";

/** What may be deferred in `https`, once it is known. All of it is secret. */
export interface KnownTls {
  own?: { certificate: string; key: string } | undefined;
  eabKey?: string | undefined;
}

export interface NamedMachine {
  name: string;
  address: string;
  domains: readonly string[];
}

/** Whether versions of something are in the manifest, so that the machine's key for them is needed. */
export const hasTlsSecrets = ({ own, eabKey }: KnownTls): boolean => own !== undefined || eabKey !== undefined;

/**
 * What goes to every machine beside its manifest; undefined when nothing does.
 * @throws FleetError when the certificate that was given can't be served: for what the configuration's check could not see yet
 */
export function givenTls(https: HttpsConfig, known: KnownTls, machines: readonly NamedMachine[], now: Date): GivenTls | undefined {
  const { own, eabKey } = known;
  if (own !== undefined) requireServable(https, own, machines, now);
  return hasTlsSecrets(known) ? { ...own, ...(eabKey === undefined ? {} : { eabKey }) } : undefined;
}

function requireServable(https: HttpsConfig, own: NonNullable<KnownTls["own"]>, machines: readonly NamedMachine[], now: Date): void {
  const names = machines
    .map(({ name, domains }) => namesOf(https, name, domains))
    .flatMap(({ domains, redirects }) => [...domains, ...redirects]);
  const findings = ownCertificateFindings(own, [...new Set(names)], now);
  if (findings.length === 0) return;
  throw new FleetError(findings.map(({ path, message }) => `${path.join(".")}: ${message}`).join("\n"), {
    kept: "everything; nothing was changed.",
    next: "mend the keys above and run the same command again.",
    exitCode: exitCodes.usage,
  });
}

/** @param key of the versions, the machine's own */
export function httpsOf(config: HttpsConfig, { name, address, domains: own }: NamedMachine, known: KnownTls, key: string): Https {
  const { mode, hsts, acme, httpPort, httpsPort, trustedProxies, limits } = config;
  const { domains, redirects } = namesOf(config, name, own);
  const [to] = domains;
  const named = servesByAddress(mode) ? [address, ...domains] : domains;
  return {
    mode,
    names: [...named, ...redirects],
    ...(redirects.length === 0 || to === undefined ? {} : { redirects: { from: redirects, to } }),
    ...(hsts === undefined ? {} : { hsts }),
    ...(mode === "acme" && acme !== undefined ? { acme: acmeOf(acme, known, key) } : {}),
    ...(mode === "own" && known.own !== undefined ? { own: { version: secretVersion(key, tlsSecretNames.own, ownValue(known.own)) } } : {}),
    httpPort,
    httpsPort,
    ...(trustedProxies.length === 0 ? {} : { trustedProxies }),
    limits,
  };
}

function acmeOf(acme: NonNullable<HttpsConfig["acme"]>, { eabKey }: KnownTls, key: string): NonNullable<Https["acme"]> {
  const { directory, email, caRoot, eab, renewAtPart } = acme;
  return {
    directory,
    email,
    ...(caRoot === undefined ? {} : { caRoot }),
    ...(eab === undefined || eabKey === undefined
      ? {}
      : { eab: { keyId: eab.keyId, version: secretVersion(key, tlsSecretNames.eabKey, eabKey) } }),
    ...(renewAtPart === undefined ? {} : { renewAtPart }),
  };
}
