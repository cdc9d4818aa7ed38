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
}

/** The role's name is AWS's choice: IAM is one for all regions, and a fixed name would clash with a stack in another. */
export function machineProfile(scope: Scope, grants: readonly Grant[]): InstanceProfile {
  const { fleet } = scope;
  const name = `${fleet}-machine`;
  const assume = { Effect: "Allow", Action: "sts:AssumeRole", Principal: { Service: "ec2.amazonaws.com" } };
  const role = new Role(
    name,
    { assumeRolePolicy: document([assume]), description: `Machines of ${fleet}`, tags: tagsOf(scope, name) },
    childOf(scope),
  );
  for (const { name: grant, actions, resources } of grants) {
    const policy = pulumi.all([...resources]).apply((all) => document([{ Effect: "Allow", Action: [...actions], Resource: all }]));
    new RolePolicy(`${fleet}-${grant}`, { role: role.name, policy }, childOf(scope));
  }
  return new InstanceProfile(name, { role: role.name, tags: tagsOf(scope, name) }, childOf(scope));
}

const document = (statements: object[]): string => JSON.stringify({ Version: "2012-10-17", Statement: statements });
