/** Which machines a group is made of, as the provider takes it at the group's birth, and the Auto Scaling API at a refresh. Pure. */
import type { AutoscalingConfig } from "../config/aws/autoscaling.ts";

export interface MixedInstances {
  launchTemplate: {
    launchTemplateSpecification: { launchTemplateId: string; version: string };
    overrides: { instanceType: string }[];
  };
  instancesDistribution: {
    onDemandBaseCapacity: number;
    onDemandPercentageAboveBaseCapacity: number;
    onDemandAllocationStrategy: string;
    spotAllocationStrategy: string;
  };
}

/** @param version a number: what moves by itself can't be gone back to */
export function mixedInstances(
  { types, spot }: Pick<AutoscalingConfig, "types" | "spot">,
  templateId: string,
  version: number,
): MixedInstances {
  return {
    launchTemplate: {
      launchTemplateSpecification: { launchTemplateId: templateId, version: String(version) },
      overrides: types.map((instanceType) => ({ instanceType })),
    },
    instancesDistribution: {
      onDemandBaseCapacity: spot?.base ?? 0,
      onDemandPercentageAboveBaseCapacity: 100 - (spot?.percent ?? 0),
      // In the order of the list.
      onDemandAllocationStrategy: "prioritized",
      spotAllocationStrategy: "price-capacity-optimized",
    },
  };
}
