/** The group itself: machines over the zones, as many as are needed. What they run changes by a refresh only. */
import { Group } from "@pulumi/aws/autoscaling/group.js";
import { LifecycleHook } from "@pulumi/aws/autoscaling/lifecycleHook.js";
import { Policy } from "@pulumi/aws/autoscaling/policy.js";
import * as pulumi from "@pulumi/pulumi";
import type { AutoscalingConfig } from "../config/aws/autoscaling.ts";
import { type Balancer, drainSeconds } from "./balancer.ts";
import type { MixedInstances } from "./mixed-instances.ts";
import { childOf, type Scope, tagsOf } from "./scope.ts";

export interface GroupArgs {
  config: AutoscalingConfig;
  subnets: pulumi.Input<string>[];
  balancer: Balancer;
  mixedInstances: pulumi.Output<MixedInstances>;
  drainTimeoutMs: number;
  /** What must be there before a machine reaches the internet. */
  ready: pulumi.Resource[];
}

/** AWS takes away what is above the most, and starts what the least asks for: a group in standby has none, and one that leaves it some. */
const NO_MACHINE = { min: 0, max: 0, desired: 0 };

export function groupOf(scope: Scope, args: GroupArgs): Group {
  const { config, balancer } = args;
  const warmUp = Math.ceil(config.warmUpMs / 1_000);
  const group = new Group(
    scope.fleet,
    {
      ...sizesOf(config),
      vpcZoneIdentifiers: args.subnets,
      targetGroupArns: [balancer.targets.arn],
      mixedInstancesPolicy: args.mixedInstances,
      healthCheckType: "ELB",
      healthCheckGracePeriod: warmUp,
      defaultInstanceWarmup: warmUp,
      capacityRebalance: config.spot !== undefined,
      protectFromScaleIn: config.scaleInProtection,
      waitForCapacityTimeout: "15m",
      tags: groupTags(scope),
    },
    {
      ...childOf(scope, [...balancer.listeners, ...args.ready]),
      // The provider would write the policy into the group before any machine has proved it, and a refresh that fails would go back to
      // just that; `fleet refresh` names it. How many machines there are is scaling's to say.
      ignoreChanges: ["mixedInstancesPolicy", "desiredCapacity", "minElbCapacity"],
    },
  );
  new LifecycleHook(`${scope.fleet}-leave`, leaving(group, args.drainTimeoutMs), childOf(scope));
  scalingPolicies(scope, group, args);
  return group;
}

/** As many as are wanted at first have to be well for the balancer, before the group counts as made. */
function sizesOf({ standby, capacity }: AutoscalingConfig) {
  const { min, max, desired = min } = standby ? NO_MACHINE : capacity;
  return { minSize: min, maxSize: max, desiredCapacity: desired, minElbCapacity: desired };
}

/** Time for the last requests and for the journal, also where no connection drains. */
function leaving(group: Group, drainTimeoutMs: number) {
  return {
    autoscalingGroupName: group.name,
    lifecycleTransition: "autoscaling:EC2_INSTANCE_TERMINATING",
    heartbeatTimeout: Math.max(drainSeconds(drainTimeoutMs), SHORTEST_HEARTBEAT_S),
    defaultResult: "CONTINUE",
  };
}

/** AWS's least (Auto Scaling API, "PutLifecycleHook"). */
const SHORTEST_HEARTBEAT_S = 30;

function scalingPolicies(scope: Scope, group: Group, { config: { scaling }, balancer }: GroupArgs): void {
  const { loadBalancer, targets } = balancer;
  const policy = (what: string, metric: object, targetValue: number) =>
    new Policy(
      `${scope.fleet}-${what}`,
      {
        autoscalingGroupName: group.name,
        policyType: "TargetTrackingScaling",
        targetTrackingConfiguration: { predefinedMetricSpecification: metric as { predefinedMetricType: string }, targetValue },
      },
      childOf(scope),
    );
  policy("cpu", { predefinedMetricType: "ASGAverageCPUUtilization" }, scaling.cpuPercent);
  if (scaling.requestsPerMinute === undefined) return;
  const resourceLabel = pulumi.interpolate`${loadBalancer.arnSuffix}/${targets.arnSuffix}`;
  policy("requests", { predefinedMetricType: "ALBRequestCountPerTarget", resourceLabel }, scaling.requestsPerMinute);
}

function groupTags(scope: Scope) {
  return Object.entries(tagsOf(scope, scope.fleet)).map(([key, value]) => ({ key, value, propagateAtLaunch: true }));
}
