/** What a rollout hands back to the program. Pure. */
import { z } from "zod";
import { omit } from "zod/mini";
import { appStatusSchema } from "../../runtime/report.ts";
import { FleetError } from "../errors.ts";
import type { Reachable } from "./observation.ts";
import type { Plan, PlannedMachine } from "./plan.ts";

export const rolloutResultSchema = z.object({
  release: z.string(),
  machines: z.record(z.string(), omit(appStatusSchema, { caPem: true, applyId: true, parts: true })),
  /** The roots of all machines, one after the other. */
  caBundle: z.string(),
  skipped: z.array(z.string()),
});
export type RolloutResult = z.infer<typeof rolloutResultSchema>;

/** @throws FleetError when a machine that was just confirmed doesn't report the app */
export function resultOf(plan: Plan, seen: readonly { machine: PlannedMachine; seen: Reachable }[]): RolloutResult {
  const statuses = seen.map(({ machine, seen: { apps } }) => {
    const status = apps.find((app) => app.app === machine.manifest.app.name);
    if (status !== undefined) return { name: machine.name, status };
    throw new FleetError("it was switched, but its agent doesn't report the app.", {
      machine: machine.name,
      next: "log in and run /opt/fleetwright/current/bin/fleethost status, then run the same command again.",
    });
  });
  return {
    release: plan.release,
    machines: Object.fromEntries(statuses.map(({ name, status: { caPem: _ca, applyId: _id, parts: _parts, ...rest } }) => [name, rest])),
    caBundle: statuses.map(({ status }) => status.caPem ?? "").join(""),
    skipped: plan.skipped,
  };
}
