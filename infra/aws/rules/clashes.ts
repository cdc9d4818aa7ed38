/** Names that two stacks can't both have. Pure. */
import { type GraphFinding, type GraphResource, group, many } from "./graph.ts";

/** What a stack makes, and where. */
export interface StackGraph {
  /** For people. */
  stack: string;
  region: string;
  resources: readonly GraphResource[];
}

/** One for all regions of an account, or for all the world: the key that has the name. */
const GLOBAL: Readonly<Record<string, string>> = {
  "aws:iam/role:Role": "name",
  "aws:iam/user:User": "name",
  "aws:iam/group:Group": "name",
  "aws:iam/policy:Policy": "name",
  "aws:iam/instanceProfile:InstanceProfile": "name",
  "aws:s3/bucket:Bucket": "bucket",
  "aws:s3/bucketV2:BucketV2": "bucket",
  "aws:route53/healthCheck:HealthCheck": "referenceName",
};

/** One in a region of an account, under `name`. */
const REGIONAL = new RegExp(
  `^aws:(${[
    "lb/(loadBalancer|targetGroup)",
    "autoscaling/group",
    "ec2/launchTemplate",
    "cloudwatch/(metricAlarm|logGroup)",
    "kms/alias",
    "sns/topic",
    "sqs/queue",
    "ssm/(parameter|document)",
    "secretsmanager/secret",
  ].join("|")}):`,
);

interface Claim {
  stack: string;
  resource: string;
  /** Two claims of one name clash. */
  name: string;
}

/** What of several stacks of one account can't be there together. Names that Pulumi makes up differ by themselves, and are passed over. */
export function clashes(stacks: readonly StackGraph[]): GraphFinding[] {
  const claims = stacks.flatMap((stack) => stack.resources.flatMap((resource) => claimsOf(resource, stack)));
  return claims.flatMap(({ stack, resource, name }, index) => {
    const first = claims.slice(0, index).find((other) => other.stack !== stack && other.name === name);
    if (first === undefined) return [];
    const message = `of ${stack} has the ${name}, as ${first.resource} of ${first.stack} has; let Pulumi name it`;
    return [{ rule: "clash", resource, message }];
  });
}

function claimsOf(resource: GraphResource, { stack, region }: StackGraph): Claim[] {
  const { type, name: logical, inputs } = resource;
  const claim = (name: string): Claim => ({ stack, resource: `${type} ${logical}`, name });
  if (type === "aws:route53/record:Record") return recordNames(inputs).map(claim);
  const given = inputs[GLOBAL[type] ?? "name"];
  if (typeof given !== "string") return [];
  const kind = type.split(":").at(-1);
  if (GLOBAL[type] !== undefined) return [claim(`name "${given}" of a ${kind}`)];
  return REGIONAL.test(type) ? [claim(`name "${given}" of a ${kind} in ${region}`)] : [];
}

/**
 * One set of records has a name and a type; several may share them if each has an identifier of its own, and there is one of each part of a
 * failover. What proves a certificate is the same for all that ask, and is written over.
 */
function recordNames({ zoneId, name, type, setIdentifier, failoverRoutingPolicies, allowOverwrite }: GraphResource["inputs"]): string[] {
  if (allowOverwrite === true) return [];
  const record = `record "${String(name)}" (${String(type)}) in ${String(zoneId)}`;
  if (typeof setIdentifier !== "string") return [record];
  const parts = many(failoverRoutingPolicies).map((policy) => String(group(policy).type));
  return [`${record}, identified by "${setIdentifier}"`, ...parts.map((part) => `${record}, ${part}`)];
}
