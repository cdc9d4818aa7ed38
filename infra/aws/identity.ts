/** What the machines are to AWS: a role that can do nothing until something is granted. */
import { InstanceProfile } from "@pulumi/aws/iam/instanceProfile.js";
import { Role } from "@pulumi/aws/iam/role.js";
import { RolePolicy } from "@pulumi/aws/iam/rolePolicy.js";
import * as pulumi from "@pulumi/pulumi";
import { childOf, type Scope, tagsOf } from "./scope.ts";

/** Leave to do something. */
export interface Grant {
  name: string;
  actions: readonly string[];
  resources: readonly pulumi.Input<string>[];
  /** As IAM has it: only then. @default always */
  condition?: pulumi.Input<object>;
}

export interface RoleArgs {
  /** Who may take it, for example `ec2.amazonaws.com`. */
  service: string;
  description: string;
  grants: readonly Grant[];
}

export function machineProfile(scope: Scope, grants: readonly Grant[]): InstanceProfile {
  const name = `${scope.fleet}-machine`;
  const { role, policies } = grantedRole(scope, name, { service: "ec2.amazonaws.com", description: `Machines of ${scope.fleet}`, grants });
  // A machine that is made with it may do at its first boot what it is granted.
  return new InstanceProfile(name, { role: role.name, tags: tagsOf(scope, name) }, childOf(scope, policies));
}

/** The role's name is AWS's choice: IAM is one for all regions, and a fixed name would clash with a stack in another. */
export const roleOf = (scope: Scope, name: string, args: RoleArgs): Role => grantedRole(scope, name, args).role;

function grantedRole(scope: Scope, name: string, { service, description, grants }: RoleArgs): { role: Role; policies: RolePolicy[] } {
  const assume = { Effect: "Allow", Action: "sts:AssumeRole", Principal: { Service: service } };
  const role = new Role(name, { assumeRolePolicy: document([assume]), description, tags: tagsOf(scope, name) }, childOf(scope));
  const policies = grants.map(({ name: grant, actions, resources, condition }) => {
    const policy = pulumi.all([pulumi.all([...resources]), condition]).apply(([Resource, Condition]) => {
      // JSON leaves out a condition that isn't there.
      return document([{ Effect: "Allow", Action: [...actions], Resource, Condition }]);
    });
    return new RolePolicy(`${scope.fleet}-${grant}`, { role: role.name, policy }, childOf(scope));
  });
  return { role, policies };
}

const document = (statements: object[]): string => JSON.stringify({ Version: "2012-10-17", Statement: statements });
