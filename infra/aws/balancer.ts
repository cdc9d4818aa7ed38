/** The balancer that clients reach: HTTPS from TLS 1.2 on, and HTTPS to the machines as well. */
import { Listener } from "@pulumi/aws/lb/listener.js";
import { LoadBalancer } from "@pulumi/aws/lb/loadBalancer.js";
import { TargetGroup } from "@pulumi/aws/lb/targetGroup.js";
import type * as pulumi from "@pulumi/pulumi";
import { childOf, type Scope, tagsOf } from "./scope.ts";

export interface BalancerArgs {
  vpcId: pulumi.Input<string>;
  subnets: pulumi.Input<string>[];
  securityGroupId: pulumi.Input<string>;
  /** Without an address that the internet reaches. */
  internal: boolean;
  certificateArn: pulumi.Input<string>;
  health: { path: string; /** Status codes that are well. */ matcher: string };
  /** Requests of a machine that leaves get this long. */
  drainTimeoutMs: number;
}

export interface Balancer {
  loadBalancer: LoadBalancer;
  targets: TargetGroup;
  listeners: Listener[];
}

/** ELB guide, "Security policies for your Application Load Balancer": TLS 1.3 and 1.2. */
const SSL_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06";
/** The machine ends its own drain first. */
const DRAIN_MARGIN_S = 5;
/** AWS's limit of a deregistration delay. */
const LONGEST_DRAIN_S = 3_600;

/** Names of balancers and their targets have 32 characters at most: the fleet's alone, with what Pulumi adds, is within that. */
export function balancerOf(scope: Scope, args: BalancerArgs): Balancer {
  const { fleet } = scope;
  const tags = tagsOf(scope, fleet);
  const loadBalancer = new LoadBalancer(
    fleet,
    {
      loadBalancerType: "application",
      internal: args.internal,
      subnets: args.subnets,
      securityGroups: [args.securityGroupId],
      dropInvalidHeaderFields: true,
      tags,
    },
    childOf(scope),
  );
  const targets = targetsOf(scope, args);
  const secure = { port: 443, protocol: "HTTPS", sslPolicy: SSL_POLICY, certificateArn: args.certificateArn };
  const forward = { type: "forward", targetGroupArn: targets.arn };
  const redirect = { type: "redirect", redirect: { protocol: "HTTPS", port: "443", statusCode: "HTTP_301" } };
  const of = { loadBalancerArn: loadBalancer.arn, tags };
  return {
    loadBalancer,
    targets,
    listeners: [
      new Listener(`${fleet}-https`, { ...of, ...secure, defaultActions: [forward] }, childOf(scope)),
      new Listener(`${fleet}-http`, { ...of, port: 80, protocol: "HTTP", defaultActions: [redirect] }, childOf(scope)),
    ],
  };
}

function targetsOf(scope: Scope, { vpcId, health, drainTimeoutMs }: BalancerArgs): TargetGroup {
  return new TargetGroup(
    scope.fleet,
    {
      vpcId,
      port: 443,
      // Each machine's certificate is of its own authority; balancers don't verify those of their targets, they only encrypt.
      protocol: "HTTPS",
      targetType: "instance",
      // A machine with more cores answers sooner, and so gets more.
      loadBalancingAlgorithmType: "least_outstanding_requests",
      deregistrationDelay: drainSeconds(drainTimeoutMs),
      healthCheck: { protocol: "HTTPS", ...health, interval: 10, timeout: 5, healthyThreshold: 2, unhealthyThreshold: 3 },
      tags: tagsOf(scope, scope.fleet),
    },
    childOf(scope),
  );
}

/** How long a machine that leaves may still answer. */
export function drainSeconds(drainTimeoutMs: number): number {
  return Math.min(Math.ceil(drainTimeoutMs / 1_000) + DRAIN_MARGIN_S, LONGEST_DRAIN_S);
}
