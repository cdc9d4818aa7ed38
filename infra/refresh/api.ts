/** The calls to Auto Scaling that a refresh needs. */
import {
  AutoScalingClient,
  DescribeAutoScalingGroupsCommand,
  DescribeInstanceRefreshesCommand,
  type InstanceRefresh,
  type MixedInstancesPolicy,
  StartInstanceRefreshCommand,
} from "@aws-sdk/client-auto-scaling";
import { clientOptions } from "../aws/client.ts";
import type { MixedInstances } from "../aws/mixed-instances.ts";
import type { GroupState } from "./group.ts";
import type { RefreshPlan } from "./plan.ts";
import type { Refresh, RefreshStatus } from "./status.ts";

/** What only looks. */
export interface GroupStateApi {
  /** Undefined when there is no such group. */
  group(): Promise<GroupState | undefined>;
  /** The newest first. */
  refreshes(): Promise<Refresh[]>;
}

export interface GroupApi extends GroupStateApi {
  /** The new refresh's id. */
  start(): Promise<string>;
}

type GroupPlace = Pick<RefreshPlan, "group" | "region" | "profile">;

/** @throws what the SDK throws, once it has repeated what may pass */
export function groupApi(plan: RefreshPlan): GroupApi {
  const client = new AutoScalingClient(clientOptions(plan));
  return {
    ...stateApi(client, plan),
    start: async () => {
      const input = { AutoScalingGroupName: plan.group, ...startInput(plan) };
      const { InstanceRefreshId = "" } = await client.send(new StartInstanceRefreshCommand(input));
      return InstanceRefreshId;
    },
  };
}

/** @throws what the SDK throws, once it has repeated what may pass */
export function groupStateApi(place: GroupPlace): GroupStateApi {
  return stateApi(new AutoScalingClient(clientOptions(place)), place);
}

function stateApi(client: AutoScalingClient, { group: AutoScalingGroupName }: GroupPlace): GroupStateApi {
  return {
    group: async () => {
      const asked = new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [AutoScalingGroupName] });
      const { AutoScalingGroups = [] } = await client.send(asked);
      const [found] = AutoScalingGroups;
      if (found === undefined) return undefined;
      // What leaves is no part of the group any more.
      const staying = (found.Instances ?? []).filter(({ LifecycleState = "" }) => !LifecycleState.startsWith("Terminat"));
      const machines = staying.map(({ InstanceId = "", LaunchTemplate }) => ({ id: InstanceId, version: LaunchTemplate?.Version }));
      return { policy: policyOf(found.MixedInstancesPolicy), machines };
    },
    refreshes: async () => {
      const { InstanceRefreshes = [] } = await client.send(new DescribeInstanceRefreshesCommand({ AutoScalingGroupName, MaxRecords: 10 }));
      return InstanceRefreshes.map(refreshOf);
    },
  };
}

/**
 * With what is wanted by name and number, AWS can go back by itself when machines don't become healthy; it does so to what the
 * group has until then. Machines that are as wanted stay.
 */
export function startInput({ desired, preferences }: Pick<RefreshPlan, "desired" | "preferences">) {
  const { minHealthyPercent, maxHealthyPercent, warmUpMs, checkpoints, checkpointDelayMs } = preferences;
  // The last one must be all of them ("RefreshPreferences", "CheckpointPercentages").
  const parts = checkpoints.length === 0 || checkpoints.at(-1) === 100 ? checkpoints : [...checkpoints, 100];
  return {
    Strategy: "Rolling" as const,
    DesiredConfiguration: { MixedInstancesPolicy: policyInput(desired) },
    Preferences: {
      MinHealthyPercentage: minHealthyPercent,
      MaxHealthyPercentage: maxHealthyPercent,
      InstanceWarmup: Math.ceil(warmUpMs / 1_000),
      AutoRollback: true,
      SkipMatching: true,
      ScaleInProtectedInstances: "Refresh" as const,
      StandbyInstances: "Wait" as const,
      ...(parts.length === 0 ? {} : { CheckpointPercentages: parts, CheckpointDelay: Math.ceil(checkpointDelayMs / 1_000) }),
    },
  };
}

function policyInput({ launchTemplate, instancesDistribution: how }: MixedInstances): MixedInstancesPolicy {
  const { launchTemplateId, version } = launchTemplate.launchTemplateSpecification;
  return {
    LaunchTemplate: {
      LaunchTemplateSpecification: { LaunchTemplateId: launchTemplateId, Version: version },
      Overrides: launchTemplate.overrides.map(({ instanceType }) => ({ InstanceType: instanceType })),
    },
    InstancesDistribution: {
      OnDemandBaseCapacity: how.onDemandBaseCapacity,
      OnDemandPercentageAboveBaseCapacity: how.onDemandPercentageAboveBaseCapacity,
      OnDemandAllocationStrategy: how.onDemandAllocationStrategy,
      SpotAllocationStrategy: how.spotAllocationStrategy,
    },
  };
}

function policyOf(policy: MixedInstancesPolicy | undefined): MixedInstances | undefined {
  const { LaunchTemplate: template, InstancesDistribution: how = {} } = policy ?? {};
  const { LaunchTemplateId, Version } = template?.LaunchTemplateSpecification ?? {};
  if (LaunchTemplateId === undefined || Version === undefined) return undefined;
  return {
    launchTemplate: {
      launchTemplateSpecification: { launchTemplateId: LaunchTemplateId, version: Version },
      overrides: (template?.Overrides ?? []).map(({ InstanceType = "" }) => ({ instanceType: InstanceType })),
    },
    instancesDistribution: {
      onDemandBaseCapacity: how.OnDemandBaseCapacity ?? 0,
      onDemandPercentageAboveBaseCapacity: how.OnDemandPercentageAboveBaseCapacity ?? 100,
      onDemandAllocationStrategy: how.OnDemandAllocationStrategy ?? "",
      spotAllocationStrategy: how.SpotAllocationStrategy ?? "",
    },
  };
}

function refreshOf({
  InstanceRefreshId = "",
  Status,
  StatusReason,
  PercentageComplete,
  InstancesToUpdate,
  DesiredConfiguration,
}: InstanceRefresh): Refresh {
  const specification =
    DesiredConfiguration?.MixedInstancesPolicy?.LaunchTemplate?.LaunchTemplateSpecification ?? DesiredConfiguration?.LaunchTemplate;
  return {
    id: InstanceRefreshId,
    status: Status as RefreshStatus,
    reason: StatusReason,
    percent: PercentageComplete,
    left: InstancesToUpdate,
    version: specification?.Version,
  };
}
