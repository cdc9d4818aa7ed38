/** What machines on AWS and the rest of the fleet must agree on. Pure; paths begin at the fleet. */
import { at, type Finding, when } from "../finding.ts";
import type { HttpsConfig } from "../https.ts";
import { namesOf } from "../https-names.ts";
import type { Ec2Config } from "./ec2.ts";

type Served = Pick<HttpsConfig, "mode" | "domains" | "redirects" | "httpPort" | "httpsPort">;

interface Asked {
  health: { path?: string | undefined };
}

export function awsFindings(machines: Ec2Config | { provider: "local" | "hosts" }, https: Served, app: Asked): Finding[] {
  if (machines.provider !== "ec2") return [];
  return [...portFindings(machines.access, https), ...domainFindings(machines, https), ...failoverFindings(machines, https, app)];
}

/** Two regions have the names, and one answers. */
function failoverFindings({ dns }: Pick<Ec2Config, "dns">, { mode }: Served, { health }: Asked): Finding[] {
  if (dns?.failover === undefined) return [];
  const acme =
    '"acme" can\'t work with "machines.dns.failover": the issuer\'s challenge reaches one of the two regions only, and the other would ' +
    'be without a certificate on its day; use "own", with the same certificate in both';
  const path = 'missing; "machines.dns.failover" asks it from outside, and leads clients to the other region unless it answers 200 to 399';
  return [...when(mode === "acme", "https.mode", acme), ...when(health.path === undefined, "app.health.path", path)];
}

/** Records are made in one hosted zone, so every name has to be in it. */
function domainFindings({ dns, instances }: Pick<Ec2Config, "dns" | "instances">, https: Served): Finding[] {
  if (dns === undefined) return [];
  if (https.domains.length === 0) return [at("machines.dns", 'has no domain to make records for: give "https.domains", or remove it')];
  return (["domains", "redirects"] as const).flatMap((key) =>
    https[key].flatMap((given, index) => {
      const domain = namesOf({ domains: [given], redirects: [] }, instances[0]?.name ?? "").domains[0] ?? given;
      if (domain === dns.zone || domain.endsWith(`.${dns.zone}`)) return [];
      return [at(`https.${key}.${index}`, `is "${given}", which isn't in the hosted zone "${dns.zone}" ("machines.dns.zone")`)];
    }),
  );
}

/** What a public fleet may open to everybody. */
function portFindings(access: Ec2Config["access"], https: Served): Finding[] {
  const usual = { httpPort: 80, httpsPort: 443 };
  if (access === "private") return [];
  return (["httpPort", "httpsPort"] as const)
    .filter((key) => https[key] !== usual[key])
    .map((key) => at(`https.${key}`, `is ${https[key]}; only ${usual[key]} is opened to everybody: use it, or "machines.access: private"`));
}
