/** What `fleet refresh` gets on standard input: which group, and what it is to be made of. */
import { z } from "zod";
import type { MixedInstances } from "../aws/mixed-instances.ts";

const mixedInstancesSchema: z.ZodType<MixedInstances> = z.strictObject({
  launchTemplate: z.strictObject({
    launchTemplateSpecification: z.strictObject({
      launchTemplateId: z.string().min(1),
      // A version that moves can't be gone back to.
      version: z.string().regex(/^\d+$/),
    }),
    overrides: z.array(z.strictObject({ instanceType: z.string().min(1) })).min(1),
  }),
  instancesDistribution: z.strictObject({
    onDemandBaseCapacity: z.int(),
    onDemandPercentageAboveBaseCapacity: z.int(),
    onDemandAllocationStrategy: z.string(),
    spotAllocationStrategy: z.string(),
  }),
});

export const refreshPlanSchema = z.strictObject({
  schema: z.literal(1),
  fleet: z.string(),
  /** The group's name on AWS. */
  group: z.string().min(1),
  region: z.string().min(1),
  /** Of the AWS configuration. */
  profile: z.string().optional(),
  desired: mixedInstancesSchema,
  preferences: z.strictObject({
    minHealthyPercent: z.int(),
    maxHealthyPercent: z.int(),
    warmUpMs: z.int(),
    checkpoints: z.array(z.int()),
    checkpointDelayMs: z.int(),
  }),
});
export type RefreshPlan = z.output<typeof refreshPlanSchema>;

/** Printed on standard output when the group is as wanted. */
export const refreshResultSchema = z.object({ schema: z.literal(1), group: z.string(), version: z.string(), machines: z.int() });
export type RefreshResult = z.output<typeof refreshResultSchema>;
