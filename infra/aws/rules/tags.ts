/** Everything that can be tagged is, with what people and policies look for. */
import { each, type GraphResource, group, many } from "./graph.ts";

/** Of the types that fleets are made of, those that take tags. */
const TAGGABLE = new RegExp(
  `^aws:(${[
    "ec2/(instance|vpc|subnet|internetGateway|natGateway|routeTable|securityGroup|eip|keyPair|launchTemplate|vpcEndpoint)",
    "vpc/securityGroup(Ingress|Egress)Rule",
    "ec2transitgateway/instanceConnectEndpoint",
    "ebs/volume",
    "iam/(role|policy|instanceProfile|user)",
    "s3/bucket",
    "lb/(loadBalancer|targetGroup|listener|listenerRule)",
    "acm/certificate",
    "cloudwatch/(metricAlarm|logGroup)",
    "sns/topic",
    "kms/(key|replicaKey)",
    "ssm/(parameter|document)",
    "secretsmanager/secret",
    "route53/(zone|healthCheck)",
  ].join("|")}):`,
);

/** @param keys the tags that must be there */
export function tagged(keys: readonly string[]) {
  return each("tagged", (resource) => places(resource).flatMap(([where, tags]) => problems(where, tags, keys)));
}

/** Where AWS reads tags; a group's and a template's are for what they make. */
function places({ type, inputs }: GraphResource): [string, Record<string, unknown>][] {
  if (type === "aws:autoscaling/group:Group") return [["tags for its instances", groupTags(inputs.tags)]];
  const own: [string, Record<string, unknown>][] = TAGGABLE.test(type) ? [["tags", tagsOf(inputs)]] : [];
  if (type === "aws:ec2/instance:Instance") return [...own, ["tags for its volumes", volumeTags(inputs)]];
  if (type !== "aws:ec2/launchTemplate:LaunchTemplate") return own;
  const kinds = ["instance", "volume"].map((kind): [string, Record<string, unknown>] => [`tags for each ${kind}`, specified(inputs, kind)]);
  return [...own, ...kinds];
}

function specified({ tagSpecifications }: GraphResource["inputs"], kind: string): Record<string, unknown> {
  const specification = many(tagSpecifications)
    .map(group)
    .find(({ resourceType }) => resourceType === kind);
  return group(specification?.tags);
}

function problems(where: string, tags: Record<string, unknown>, keys: readonly string[]): string[] {
  const missing = keys.filter((key) => tags[key] === undefined || tags[key] === "");
  return missing.length === 0 ? [] : [`lacks ${missing.join(", ")} among its ${where}`];
}

/** What a provider adds by itself is in `tagsAll`. */
const tagsOf = ({ tags, tagsAll }: GraphResource["inputs"]) => ({ ...group(tagsAll), ...group(tags) });

function volumeTags({ volumeTags: all, rootBlockDevice }: GraphResource["inputs"]): Record<string, unknown> {
  return { ...group(all), ...group(group(rootBlockDevice).tags) };
}

function groupTags(tags: unknown): Record<string, unknown> {
  const passedOn = many(tags)
    .map(group)
    .filter(({ propagateAtLaunch }) => propagateAtLaunch === true);
  return Object.fromEntries(passedOn.map(({ key, value }) => [String(key), value]));
}
