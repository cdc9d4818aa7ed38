/** What is referred to is there. */
import { each, type GraphResource, many, texts } from "./graph.ts";

const REFERENCES = new Set([
  "vpcId",
  "subnetId",
  "subnetIds",
  "subnets",
  "vpcZoneIdentifiers",
  "securityGroupId",
  "securityGroups",
  "vpcSecurityGroupIds",
  "referencedSecurityGroupId",
  "routeTableId",
  "gatewayId",
  "internetGatewayId",
  "instance",
  "instanceId",
  "allocationId",
  "keyName",
  "iamInstanceProfile",
  "role",
  "bucket",
  "loadBalancerArn",
  "listenerArn",
  "targetGroupArn",
  "targetGroupArns",
  "certificateArn",
  "zoneId",
  "autoscalingGroupName",
]);

/** @param external ids, names and ARNs of what was there before */
export function references(external: readonly string[] = []) {
  return each("reference", (resource, all) => {
    const known = new Set([...external, ...all.flatMap(namesOf)]);
    const dangling = referring(resource).filter(({ text }) => !known.has(text) && !known.has(roleOf(text)));
    return [...empty(resource), ...dangling.map(({ path, text }) => `refers at ${path.join(".")} to "${text}", which isn't there`)];
  });
}

/** A role is referred to by its name, or by an ARN that ends in it. */
const roleOf = (text: string): string => /^arn:[a-z-]+:iam::\d*:role\/(?:.*\/)?([^/]+)$/.exec(text)?.[1] ?? text;

function empty({ inputs }: GraphResource): string[] {
  const none = Object.entries(inputs).filter(([key, value]) => REFERENCES.has(key) && many(value).length === 0);
  return none.map(([key]) => `has nothing at ${key}`);
}

/** Texts under a key that refers, however deep: a listener's default action names its target group. */
function referring({ inputs: { tags: _tags, ...inputs } }: GraphResource) {
  return texts(inputs).filter(({ path }) => {
    const key = path.filter((part) => !/^\d+$/.test(part)).slice(-2);
    return REFERENCES.has(key.at(-1) ?? "") || key.join(".") === "launchTemplate.id";
  });
}

function namesOf({ id, inputs }: GraphResource): string[] {
  return [id, inputs.name, inputs.bucket, inputs.arn].filter((name) => typeof name === "string");
}
