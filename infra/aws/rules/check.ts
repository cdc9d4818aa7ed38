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

/**
 * The resources of `pulumi stack export`, or of `pulumi preview --json` before they are there, for {@link checkAws} and {@link clashes}.
 * @throws TypeError when it is neither
 */
export function exportedResources(stack: unknown): GraphResource[] {
  const { deployment, steps } = (stack ?? {}) as { deployment?: { resources?: unknown }; steps?: unknown };
  const resources = Array.isArray(steps) ? steps.flatMap(({ newState }) => newState ?? []) : deployment?.resources;
  if (!Array.isArray(resources)) {
    throw new TypeError("this is neither what `pulumi stack export` prints (deployment.resources) nor `pulumi preview --json` (steps)");
  }
  return resources.map(({ type, urn, id, inputs }) => {
    const name = String(urn).split("::").at(-1) ?? "";
    return { type: String(type), name, id, inputs: inputs ?? {} };
  });
}
