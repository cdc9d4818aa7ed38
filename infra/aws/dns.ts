/** Which machines each of a fleet's names leads to. Pure. */
import type { HttpsConfig } from "../config/https.ts";
import { namesOf } from "../config/https-names.ts";

/** Every name of the fleet, those that redirect too, with the machines that answer for it. */
export function machinesByName<T extends { name: string }>(
  https: Pick<HttpsConfig, "domains" | "redirects">,
  machines: readonly T[],
): Map<string, T[]> {
  const pairs = machines.flatMap((machine) => {
    const { domains, redirects } = namesOf(https, machine.name);
    return [...domains, ...redirects].map((domain) => ({ domain, machine }));
  });
  const grouped = Map.groupBy(pairs, ({ domain }) => domain);
  return new Map([...grouped].map(([domain, all]) => [domain, all.map(({ machine }) => machine)]));
}
