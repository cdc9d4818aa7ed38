/** Who may use an app on AWS. Pure. */
import { at, type Finding, when } from "../finding.ts";

export interface AccessKeys {
  access: "public" | "private";
  clients: readonly string[];
}

export function accessFindings({ access, clients }: AccessKeys): Finding[] {
  const wide = clients.flatMap((range, index) =>
    range.endsWith("/0") ? [at(`clients.${index}`, 'is the whole internet; use "access: public" if it is meant')] : [],
  );
  return [
    ...wide,
    ...when(access === "public" && clients.length > 0, "clients", 'is for "access: private"; remove it'),
    ...when(access === "private" && clients.length === 0, "clients", "missing; give the ranges that may use the app"),
  ];
}
