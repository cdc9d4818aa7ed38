/** What AWS would refuse about tags. Pure. */
import type { Finding } from "../finding.ts";

export function tagFindings(tags: Readonly<Record<string, string>>): Finding[] {
  return Object.keys(tags).flatMap((key) => {
    if (/^aws:/i.test(key)) return [{ path: ["tags", key], message: 'begins with "aws:", which AWS keeps for itself' }];
    if (key === "Name" || key.startsWith("fleetwright:")) {
      return [{ path: ["tags", key], message: "is a tag that the fleet sets itself; remove it" }];
    }
    if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u.test(key + tags[key])) {
      return [{ path: ["tags", key], message: "AWS allows letters, digits, spaces and _ . : / = + - @ in a tag and its value" }];
    }
    return [];
  });
}
