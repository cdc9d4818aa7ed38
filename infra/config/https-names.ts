/** Which names a machine has, out of the fleet's and its own. Pure. */
import { type HttpsConfig, MACHINE } from "./https.ts";

export interface MachineNames {
  /** What clients are told first. */
  domains: string[];
  /** Those that send clients on to the first domain. */
  redirects: string[];
}

/** @param own domains of this machine alone */
export function namesOf(
  { domains, redirects }: Pick<HttpsConfig, "domains" | "redirects">,
  machine: string,
  own: readonly string[] = [],
): MachineNames {
  const named = (names: readonly string[]): string[] => names.map((name) => name.replaceAll(MACHINE, machine));
  // Its own first: the fleet's may be one that several machines share.
  const all = [...new Set([...named(own), ...named(domains)])];
  return { domains: all, redirects: [...new Set(named(redirects))].filter((name) => !all.includes(name)) };
}
