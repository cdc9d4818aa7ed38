/** Every rule over a whole graph: what a platform team may run over its own stacks as well. Pure. */
import { metadata, openToAll } from "./access.ts";
import { encryption } from "./encryption.ts";
import type { GraphFinding, GraphResource } from "./graph.ts";
import { leastPrivilege } from "./identity.ts";
import { references } from "./references.ts";
import { plainSecrets } from "./secrets.ts";
import { tagged } from "./tags.ts";
import { pinned } from "./versions.ts";

export interface AwsCheckOptions {
  /** Tags that everything must have. @default ["fleetwright:fleet", "fleetwright:stack"] */
  tags?: readonly string[];
  /** Values that must not be seen in plain anywhere. @default [] */
  secrets?: readonly string[];
  /** Ids of what was there before, such as an existing VPC; with it, every reference must resolve. @default references aren't checked */
  external?: readonly string[];
}

/** What is unsafe among AWS resources; nothing for a graph as fleets make it. Other providers' resources are passed over. */
export function checkAws(resources: readonly GraphResource[], options: AwsCheckOptions = {}): GraphFinding[] {
  const { tags = ["fleetwright:fleet", "fleetwright:stack"], secrets = [], external } = options;
  const rules = [openToAll, metadata, encryption, leastPrivilege, plainSecrets(secrets), tagged(tags), pinned];
  const all = external === undefined ? rules : [...rules, references(external)];
  const ours = resources.filter(({ type }) => type.startsWith("aws:"));
  return all.flatMap((rule) => rule(ours));
}

/** The resources of `pulumi stack export`, for {@link checkAws}. @throws TypeError when it is no export */
export function exportedResources(stack: unknown): GraphResource[] {
  const resources = (stack as { deployment?: { resources?: unknown } } | null)?.deployment?.resources;
  if (!Array.isArray(resources)) throw new TypeError("this is not what `pulumi stack export` prints: it has no deployment.resources");
  return resources.map(({ type, urn, id, inputs }) => {
    const name = String(urn).split("::").at(-1) ?? "";
    return { type: String(type), name, id, inputs: inputs ?? {} };
  });
}
