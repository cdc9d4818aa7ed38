/** What one rollout shall do, decided before anything is done. Pure. */
import { z } from "zod";
import { omit, optional } from "zod/mini";
import { givenTlsSchema } from "../../runtime/https.ts";
import { fingerprintOf, generationOf, hashOf, type Manifest, manifestSchema, sha256Schema } from "../../runtime/manifest.ts";
import { secretKeySchema } from "../../runtime/secrets.ts";
import type { AppStatus } from "../../runtime/report.ts";
import { describeChange, driftOf } from "./changes.ts";
import type { Observation } from "./observation.ts";

const loginShape = {
  host: z.string(),
  port: z.int(),
  user: z.string(),
  hostKey: z.string(),
  privateKeyFile: z.string().optional(),
  privateKey: z.string().optional(),
};

const tunnelSchema = z.strictObject({ instanceId: z.string(), region: z.string(), profile: z.string().optional() });

const transportSchema = z.strictObject({
  kind: z.literal("ssh"),
  ...loginShape,
  bastion: z.strictObject(loginShape).optional(),
  tunnel: tunnelSchema.optional(),
});

const archiveSchema = z.strictObject({ sha256: sha256Schema, bytes: z.int() });

/** What `fleet rollout` reads from its standard input. Holds nothing that differs between two operators' computers. */
export const planSchema = z.strictObject({
  schema: z.literal(1),
  fleet: z.string(),
  release: z.string(),
  machines: z.array(
    z.strictObject({
      name: z.string(),
      transport: transportSchema,
      /** The apply's id, see `decide`. */
      applyId: z.string(),
      runtimeArchive: archiveSchema,
      manifest: manifestSchema,
      /** Key of the versions in its manifest; where there are secrets. */
      secretKey: z.optional(secretKeySchema),
      /** Another bundle whose agent does the work: with a rollback the newest one, as an older agent may not know all it is told. */
      agentRuntime: z.optional(sha256Schema),
      /** With a rollback: the release that it leaves. */
      rollbackFrom: z.string().optional(),
    }),
  ),
  /** Values of the app's secrets; not there when it has none. Sent to machines on standard input, and nowhere else. */
  secrets: z.record(z.string(), z.string()).optional(),
  /** Of certificates; not there when there is nothing to tell. Sent to machines on standard input, and nowhere else. */
  tls: optional(omit(givenTlsSchema, { storage: true })),
  /** Machines that this rollout leaves out, as they could not be reached. */
  skipped: z.array(z.string()),
  options: z.strictObject({
    /** A number of machines, or a part of the fleet: "25%". */
    batch: z.union([z.int().min(1), z.string()]),
    /** Between two batches. */
    pauseMs: z.int().min(0),
    connectTimeoutMs: z.int(),
    leaseMs: z.int(),
    surge: z.enum(["auto", "one"]),
  }),
});
export type Plan = z.infer<typeof planSchema>;
export type PlannedMachine = Plan["machines"][number];

/** How a machine stands to its manifest. */
export interface Decision {
  /**
   * The machine's part of the rollout's triggers, and the id its next apply gets. A machine that is as wanted contributes
   * the id it reports; one that isn't, a hash of what was seen and what is wanted. The agent records the id, so the run
   * after a mend sees no difference; and with no state at all, a machine that is right is still right.
   */
  applyId: string;
  matches: boolean;
  /** One line for the preview. */
  change: string;
}

/** Compares a machine's report with its manifest. `observed` is undefined while the machine doesn't exist yet. */
export function decide(manifest: Manifest, identity: string, observed: Observation | undefined): Decision {
  const app = observed?.state === "reachable" ? observed.apps.find((candidate) => candidate.app === manifest.app.name) : undefined;
  const wanted = fingerprintOf(manifest);
  if (app !== undefined && isAsWanted(app, manifest, wanted)) return { applyId: app.applyId, matches: true, change: "no change" };
  return {
    applyId: hashOf({ wanted, identity, observed: app === undefined ? null : essence(app) }),
    matches: false,
    change: describeChange(manifest, app),
  };
}

function isAsWanted(app: AppStatus, manifest: Manifest, wantedHash: string): boolean {
  return (
    app.manifestHash === wantedHash &&
    app.generation === generationOf(manifest) &&
    app.unconfirmed === null &&
    app.health.state !== "down" &&
    driftOf(app).length === 0
  );
}

/** The parts of a report that stay the same from a preview to the update after it. */
function essence(app: AppStatus): unknown {
  return {
    applyId: app.applyId,
    manifestHash: app.manifestHash,
    generation: app.generation,
    unconfirmed: app.unconfirmed,
    down: app.health.state === "down",
    // Not there when there is none: the id of a machine that is as wanted doesn't depend on the agent's version.
    ...(driftOf(app).length > 0 ? { drift: driftOf(app) } : {}),
  };
}

// Where most ask for it.
export { short } from "./changes.ts";

/** Who is left out of a rollout, and whether it may go on without them. */
export interface Reach {
  verdict: "go on" | "stop";
  unreachable: string[];
}

/** Unreachable machines stop a rollout, unless they are few enough or every one of them was named. */
export function reach(unreachable: readonly string[], limits: { maxUnreachable: number; skip: readonly string[] }): Reach {
  const named = unreachable.every((name) => limits.skip.includes(name));
  const verdict = named || unreachable.length <= limits.maxUnreachable ? "go on" : "stop";
  return { verdict, unreachable: [...unreachable] };
}
