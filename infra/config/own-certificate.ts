/** Whether a given certificate can be served: readable, valid now, for these names, with its key and the chain in order. Pure. */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import type { Finding } from "./finding.ts";

export interface OwnCertificate {
  certificate: string;
  key: string;
}

const BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

const AUTHORITY_FIRST = "begins with an authority's certificate: your own comes first, then those that signed it, one by one";

const at = (key: "certificate" | "key", message: string): Finding => ({ path: ["https", "own", key], message });

/**
 * Never repeats what was given.
 * @param names that clients ask for
 */
export function ownCertificateFindings({ certificate, key }: OwnCertificate, names: readonly string[], now: Date): Finding[] {
  const chain = readChain(certificate);
  const keyObject = readKey(key);
  const unreadable = [
    ...(Array.isArray(chain) ? [] : [at("certificate", chain)]),
    ...(typeof keyObject === "string" ? [at("key", keyObject)] : []),
  ];
  if (!Array.isArray(chain)) return unreadable;
  const [leaf] = chain;
  if (leaf === undefined) return unreadable;
  // What else there is to say would be of the wrong one.
  if (leaf.ca && chain.length > 1) return [...unreadable, at("certificate", AUTHORITY_FIRST)];
  const pair = typeof keyObject === "string" || matches(leaf, keyObject) ? [] : [at("key", keyMend(chain, keyObject))];
  return [
    ...unreadable,
    ...pair,
    ...orderFindings(chain),
    ...chain.flatMap((one, index) => timeFindings(one, index, now)),
    ...nameFindings(leaf, names),
  ];
}

function readChain(text: string): X509Certificate[] | string {
  const blocks = text.match(BLOCK) ?? [];
  if (blocks.length === 0)
    return 'has no certificate in it: give PEM, from "-----BEGIN CERTIFICATE-----" on, your own first, then those that signed it';
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch {
    return "can't be read: one of its certificates is damaged; copy the issuer's file whole";
  }
}

function readKey(text: string): KeyObject | string {
  if (/ENCRYPTED/.test(text))
    return "is encrypted with a passphrase, which nobody could type in on a machine: openssl pkey -in key.pem -out plain.pem";
  try {
    return createPrivateKey(text);
  } catch {
    return 'can\'t be read: give a private key in PEM, from "-----BEGIN PRIVATE KEY-----" on';
  }
}

const matches = (certificate: X509Certificate, key: KeyObject): boolean => certificate.checkPrivateKey(key);

function keyMend(chain: readonly X509Certificate[], key: KeyObject): string {
  const other = chain.findIndex((one) => matches(one, key));
  return other === -1
    ? "is not the key of the certificate: give the one that the certificate was requested with"
    : `is the key of certificate ${other + 1} of the chain; yours must come first in "certificate"`;
}

/** Each is signed by the next one. */
function orderFindings(chain: readonly X509Certificate[]): Finding[] {
  const broken = chain.findIndex((one, index) => {
    const next = chain[index + 1];
    return next !== undefined && !(one.checkIssued(next) && one.verify(next.publicKey));
  });
  if (broken === -1) return [];
  const problem = `is out of order: certificate ${broken + 2} didn't sign certificate ${broken + 1}`;
  return [at("certificate", `${problem}; your own comes first, then the one that signed it, and so on`)];
}

function timeFindings(certificate: X509Certificate, index: number, now: Date): Finding[] {
  const which = index === 0 ? "" : `certificate ${index + 1} of its chain `;
  if (certificate.validToDate < now) return [at("certificate", `${which}expired on ${day(certificate.validToDate)}: give a renewed one`)];
  if (certificate.validFromDate > now)
    return [at("certificate", `${which}is not valid before ${day(certificate.validFromDate)}: see that this computer's clock is right`)];
  return [];
}

const day = (date: Date): string => date.toISOString().slice(0, 10);

function nameFindings(certificate: X509Certificate, names: readonly string[]): Finding[] {
  const others = names.filter((name) => certificate.checkHost(name, { subject: "never" }) === undefined);
  if (others.length === 0) return [];
  const is = certificate.subjectAltName?.replaceAll("DNS:", "") ?? "no name at all";
  return [
    at("certificate", `is not for ${others.join(", ")}; it is for ${is}: give one for every name of "https.domains" and "https.redirects"`),
  ];
}
