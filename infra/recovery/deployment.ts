/** What a stack's export says of its fleets. Pure. */
import { z } from "zod";
import { findInventories } from "../cli/inventories.ts";
import type { Inventory } from "../inventory.ts";
import { type Plan, planSchema } from "../rollout/plan.ts";

const resourceSchema = z.looseObject({
  urn: z.string(),
  type: z.string(),
  inputs: z.record(z.string(), z.unknown()).optional(),
  outputs: z.record(z.string(), z.unknown()).optional(),
});

/** `pulumi stack export`, as far as it matters here. */
export const exportSchema = z.looseObject({
  deployment: z.looseObject({
    manifest: z.looseObject({ time: z.string() }),
    secrets_providers: z.looseObject({ type: z.string(), state: z.looseObject({ url: z.string().optional() }).optional() }).optional(),
    resources: z.array(resourceSchema).optional(),
  }),
});
export type StackExport = z.infer<typeof exportSchema>;

/** When the stack was changed last, as an ISO instant in UTC. */
export function changedAt({ deployment }: StackExport): string {
  return new Date(deployment.manifest.time).toISOString();
}

/** `passphrase`, `service`, or a KMS key's URL, whose query may hold what others needn't know. */
export function secretsProviderOf({ deployment }: StackExport): string {
  const { type, state } = deployment.secrets_providers ?? { type: "none" };
  return state?.url === undefined ? type : (state.url.split("?")[0] ?? type);
}

/** The plans of the stack's last rollouts. @param plain an export with `--show-secrets`: plans are secret */
export function plansIn(plain: StackExport): Plan[] {
  const rollouts = (plain.deployment.resources ?? []).filter(
    ({ type, urn }) => type === "command:local:Command" && urn.endsWith("-rollout"),
  );
  return rollouts.flatMap(({ inputs }) => {
    const plan = planSchema.safeParse(parsed(revealed(inputs?.stdin)));
    return plan.success ? [plan.data] : [];
  });
}

/** The inventories among the stack's outputs. */
export function inventoriesIn(plain: StackExport): Inventory[] {
  const stack = plain.deployment.resources?.find(({ type }) => type === "pulumi:pulumi:Stack");
  return findInventories(mapped(stack?.outputs ?? {}));
}

/** Marks a secret in Pulumi's JSON: sdk/go/common/resource/sig in its repository. */
const SIGNATURE_KEY = "4dabf18193072939515e22adb298388d";

function revealed(value: unknown): unknown {
  if (value === null || typeof value !== "object" || !(SIGNATURE_KEY in value)) return value;
  return "plaintext" in value ? parsed(value.plaintext) : undefined;
}

function mapped(value: unknown): unknown {
  const open = revealed(value);
  if (open === null || typeof open !== "object" || Array.isArray(open)) return open;
  return Object.fromEntries(Object.entries(open).map(([key, item]) => [key, mapped(item)]));
}

function parsed(text: unknown): unknown {
  try {
    return typeof text === "string" ? JSON.parse(text) : text;
  } catch {
    return undefined;
  }
}
