/** What roles may do. */
import { each, type GraphResource, group, many, revealed } from "./graph.ts";

const POLICIES = /^aws:iam\/(policy:Policy|(role|user|group)Policy:(Role|User|Group)Policy)$/;
const ATTACHMENTS = /^aws:iam\/((role|user|group)PolicyAttachment:(Role|User|Group)PolicyAttachment|policyAttachment:PolicyAttachment)$/;
const EVERYTHING = /:aws:policy\/(AdministratorAccess|PowerUserAccess|IAMFullAccess)$/;

/** No action by wildcard on every resource. */
export const leastPrivilege = each("least-privilege", (resource) => [
  ...documents(resource).flatMap(statementProblems),
  ...managed(resource)
    .filter((arn) => EVERYTHING.test(arn))
    .map((arn) => `attaches ${arn}, which allows nearly everything; name what is needed`),
]);

function documents({ type, inputs }: GraphResource): unknown[] {
  if (POLICIES.test(type)) return [inputs.policy];
  return type === "aws:iam/role:Role" ? many(inputs.inlinePolicies).map((policy) => group(policy).policy) : [];
}

function managed({ type, inputs }: GraphResource): string[] {
  const arns = ATTACHMENTS.test(type) ? [inputs.policyArn] : type === "aws:iam/role:Role" ? many(inputs.managedPolicyArns) : [];
  return arns.filter((arn): arn is string => typeof arn === "string");
}

function statementProblems(document: unknown): string[] {
  const parsed = parse(revealed(document));
  if (parsed === undefined) return ["has a policy that isn't readable as JSON"];
  return many(parsed.Statement).flatMap((given) => {
    const statement = group(given);
    if (statement.Effect !== "Allow") return [];
    if (statement.NotAction !== undefined) return ["allows everything but some actions (NotAction); name what is needed"];
    const wild = many(statement.Action).filter((action) => String(action).includes("*"));
    const everywhere = statement.NotResource !== undefined || many(statement.Resource).some((resource) => /^\*+$/.test(String(resource)));
    return wild.length > 0 && everywhere ? [`allows ${wild.join(", ")} on every resource; name the actions or the resources`] : [];
  });
}

function parse(document: unknown): Record<string, unknown> | undefined {
  if (typeof document !== "string") return typeof document === "object" && document !== null ? group(document) : undefined;
  try {
    return group(JSON.parse(document));
  } catch {
    return undefined;
  }
}
