/** A program's whole resource graph, under Pulumi's mocks. */
import * as pulumi from "@pulumi/pulumi";
import type { GraphResource } from "../../../infra/aws/rules/graph.ts";

const made: GraphResource[] = [];
await pulumi.runtime.setMocks(
  {
    call: ({ token, inputs }) => (token === "aws:route53/getZone:getZone" ? { ...inputs, zoneId: "Z0EXISTING", id: "Z0EXISTING" } : inputs),
    newResource: ({ type, name, inputs }) => {
      const id = `<${type.split(":").at(-1)} ${name}>`;
      if (type.startsWith("aws:")) made.push({ type, name, id, inputs });
      return { id, state: { ...inputs, ...outputsOf(type, name, id) } };
    },
  },
  "shop",
  "prod",
);

/** What AWS would answer. */
function outputsOf(type: string, name: string, id: string): Record<string, unknown> {
  if (type.startsWith("aws:iam/")) return { name: id, arn: `arn:aws:iam::111122223333:${name}` };
  if (type === "aws:ec2/keyPair:KeyPair") return { keyName: id };
  if (type === "aws:ec2/eip:Eip") return { allocationId: id, publicIp: `<public IP of ${name}>` };
  if (type === "aws:ec2/instance:Instance") return { publicIp: `<public IP of instance ${name}>`, privateIp: `<private IP of ${name}>` };
  return {};
}

/** What a program makes on AWS, sorted, once all of it is known. */
export async function graphOf(program: (parent: pulumi.ComponentResource) => void): Promise<GraphResource[]> {
  made.length = 0;
  program(new pulumi.ComponentResource("test:Fleet", "web"));
  await pulumi.runtime.disconnect();
  const order = ({ type, name }: GraphResource) => `${type} ${name}`;
  return made.toSorted((a, b) => (order(a) < order(b) ? -1 : 1));
}
