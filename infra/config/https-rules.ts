/** What the keys under `https`, and the machines that have the names, must agree on. Pure. */
import type { Finding } from "./finding.ts";
import { type HttpsConfig, MACHINE } from "./https.ts";
import { namesOf } from "./https-names.ts";
import { ownCertificateFindings } from "./own-certificate.ts";

/** Where names come from beside `https`. */
export type NamedMachines =
  | { provider: "local"; count: number }
  | { provider: "hosts"; hosts: readonly { name: string; domains: readonly string[] }[] }
  | { provider: "ec2"; instances: readonly { name: string }[] };

const at = (path: string, message: string): Finding => ({ path: path.split("."), message });

export function httpsFindings(https: HttpsConfig, machines: NamedMachines, now: Date = new Date()): Finding[] {
  const findings = [
    ...groupFindings(https),
    ...missingNames(https, machines),
    ...redirectFindings(https, machines),
    ...sharedNames(https, machines),
  ];
  return findings.length > 0 ? findings : certificateFindings(https, machines, now);
}

function groupFindings({ mode, acme, own, hsts }: HttpsConfig): Finding[] {
  return [
    ...(mode === "acme" && acme === undefined
      ? [at("https.acme", 'missing; mode "acme" needs at least "email", for the issuer to write to')]
      : []),
    ...(mode === "own" && own === undefined ? [at("https.own", 'missing; mode "own" needs "certificate" and "key", as secrets')] : []),
    ...(mode !== "acme" && acme !== undefined ? [at("https.acme", `goes with "mode: acme"; the mode is "${mode}"`)] : []),
    ...(mode !== "own" && own !== undefined ? [at("https.own", `goes with "mode: own"; the mode is "${mode}"`)] : []),
    ...(mode === "none" && hsts !== undefined ? [at("https.hsts", 'goes with HTTPS; with "mode: none" it is the balancer\'s to say')] : []),
  ];
}

/** Issuers give certificates for names; that they do for addresses, too, can't be relied on. */
function missingNames({ mode, domains }: HttpsConfig, machines: NamedMachines): Finding[] {
  if ((mode !== "acme" && mode !== "own") || domains.length > 0) return [];
  const bare = machines.provider === "hosts" ? machines.hosts.filter((host) => host.domains.length === 0).map(({ name }) => name) : ["all"];
  if (bare.length === 0) return [];
  const problem = `is empty, and mode "${mode}" needs a name for each machine (without one: ${bare.join(", ")})`;
  return [at("https.domains", `${problem}: list it here, "{machine}.example.org" for one each, or under machines.hosts[].domains`)];
}

function redirectFindings({ mode, redirects, domains }: HttpsConfig, machines: NamedMachines): Finding[] {
  if (redirects.length === 0) return [];
  const anywhere = domains.length > 0 || (machines.provider === "hosts" && machines.hosts.every((host) => host.domains.length > 0));
  return [
    ...(anywhere ? [] : [at("https.redirects", 'needs a name to lead to: the first of "https.domains"')]),
    ...(mode === "none" ? [at("https.redirects", 'goes with HTTPS; with "mode: none" it is the balancer\'s to do')] : []),
  ];
}

/**
 * An issuer asks the name's address for the proof, and may reach another machine than the one that ordered. Without storage that
 * they share, or proofs by DNS, that can't work.
 */
function sharedNames({ mode, domains, redirects }: HttpsConfig, machines: NamedMachines): Finding[] {
  const count = machines.provider === "local" ? machines.count : namedMachines(machines).length;
  if (mode !== "acme" || count < 2) return [];
  const shared = (key: "domains" | "redirects", names: readonly string[]): Finding[] => {
    const without = names.filter((name) => !name.includes(MACHINE));
    return without.length === 0 ? [] : [at(`https.${key}`, `${without.join(", ")} would be on ${count} machines; ${ONE_MACHINE}`)];
  };
  return [...shared("domains", domains), ...shared("redirects", redirects), ...sharedByHosts(domains, machines)];
}

const ONE_MACHINE =
  'with "mode: acme" a name is one machine\'s: an issuer that asks it may reach another one than the one that ordered. ' +
  'Write "{machine}.example.org", list it under machines.hosts[].domains, or give one certificate for all with "mode: own"';

/** Also a name that is another machine's by its placeholder. */
function sharedByHosts(general: readonly string[], machines: NamedMachines): Finding[] {
  if (machines.provider !== "hosts") return [];
  const seen = new Map<string, string>();
  const placed = general.filter((name) => name.includes(MACHINE));
  return machines.hosts.flatMap(({ name, domains }, index) =>
    [...domains, ...placed].flatMap((given) => {
      const domain = given.replaceAll(MACHINE, name);
      const first = seen.get(domain);
      seen.set(domain, name);
      return first === undefined || first === name
        ? []
        : [at(`machines.hosts.${index}.domains`, `${domain} is ${first}'s, too; ${ONE_MACHINE}`)];
    }),
  );
}

/** What is known now. The names of local machines, and values that are Outputs, are checked before a rollout. */
function certificateFindings(https: HttpsConfig, machines: NamedMachines, now: Date): Finding[] {
  const { mode, own } = https;
  if (mode !== "own" || typeof own?.certificate !== "string" || typeof own.key !== "string") return [];
  const each = namedMachines(machines).map(({ name, domains }) => namesOf(https, name, domains));
  const general = namesOf({ domains: https.domains.filter(isGeneral), redirects: https.redirects.filter(isGeneral) }, "");
  const names = new Set([general, ...each].flatMap(({ domains, redirects }) => [...domains, ...redirects]));
  return ownCertificateFindings({ certificate: own.certificate, key: own.key }, [...names], now);
}

/** Those whose names are known now; local ones are named when they are made. */
function namedMachines(machines: NamedMachines): readonly { name: string; domains: readonly string[] }[] {
  switch (machines.provider) {
    case "local":
      return [];
    case "hosts":
      return machines.hosts;
    case "ec2":
      return machines.instances.map(({ name }) => ({ name, domains: [] }));
  }
}

const isGeneral = (name: string): boolean => !name.includes(MACHINE);
