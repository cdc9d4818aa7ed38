/** The certificates that clients get from this machine just now, asked as they ask: by a handshake for each name. */
import { isIP } from "node:net";
import { connect } from "node:tls";
import { X509Certificate } from "node:crypto";
import type { Https } from "../https.ts";
import type { CertificateReport } from "../report.ts";
import { type OrderFailure, orderFailures } from "./certificate-log.ts";
import type { Agent } from "./context.ts";
import { readIfThere } from "./files.ts";

const HANDSHAKE_TIMEOUT_MS = 3_000;
/** More at once would take the workers' cores for this. */
const AT_ONCE = 8;

/** None with `none`. */
export async function certificateReports({ paths }: Pick<Agent, "paths">, https: Https): Promise<CertificateReport[]> {
  if (https.mode === "none") return [];
  // What was before the file was turned over may be the last word about a name.
  const log = https.mode === "acme" ? ((await readIfThere(paths.caddyCertificateLog)) ?? "") : "";
  const failures = orderFailures(log);
  const found = await servedFor(https.names, https.httpsPort);
  return https.names.map((name) => reportOf(name, https.mode, found.get(name), failures.get(name)));
}

/** What is served for each name just now: a certificate that is for it, or undefined. */
export async function servedFor(names: readonly string[], port: number): Promise<Map<string, X509Certificate | undefined>> {
  const found = new Map<string, X509Certificate | undefined>();
  for (let index = 0; index < names.length; index += AT_ONCE) {
    const group = names.slice(index, index + AT_ONCE);
    const certificates = await Promise.all(group.map((name) => served(name, port)));
    for (const [at, name] of group.entries()) found.set(name, own(name, certificates[at]));
  }
  return found;
}

const own = (name: string, certificate: X509Certificate | undefined): X509Certificate | undefined =>
  certificate !== undefined && isFor(certificate, name) ? certificate : undefined;

/** Pure. */
export function reportOf(
  name: string,
  mode: Https["mode"],
  certificate: X509Certificate | undefined,
  failure: OrderFailure | undefined,
): CertificateReport {
  const mine = own(name, certificate);
  const rest = { name, renews: mode !== "own", error: failure?.error ?? null, failedAt: failure?.at ?? null };
  if (mine === undefined) return { ...rest, state: "pending", issuer: null, notBefore: null, notAfter: null };
  return {
    ...rest,
    state: "served",
    issuer: issuerOf(mine),
    notBefore: mine.validFromDate.toISOString(),
    notAfter: mine.validToDate.toISOString(),
  };
}

function isFor(certificate: X509Certificate, name: string): boolean {
  return (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined;
}

/** Its common name, or its organization. */
function issuerOf({ issuer }: X509Certificate): string {
  const lines = issuer.split("\n");
  const value = (key: string) => lines.find((line) => line.startsWith(`${key}=`))?.slice(key.length + 1);
  return value("CN") ?? value("O") ?? lines.join(", ");
}

/** Undefined when Caddy has none, or doesn't answer. */
function served(name: string, port: number): Promise<X509Certificate | undefined> {
  return new Promise((resolve) => {
    // By an address, a client names no server (RFC 6066, section 3). What is served is looked at, not trusted.
    const servername = isIP(name) === 0 ? name : "";
    const socket = connect({ host: "127.0.0.1", port, servername, rejectUnauthorized: false, timeout: HANDSHAKE_TIMEOUT_MS });
    const end = (certificate?: X509Certificate): void => {
      socket.destroy();
      resolve(certificate);
    };
    socket.on("secureConnect", () => end(socket.getPeerX509Certificate()));
    socket.on("error", () => end()).on("timeout", () => end());
  });
}
