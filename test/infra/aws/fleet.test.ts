/** `new Fleet` with machines on EC2, in a preview: what is made, and that it is safe. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { checkAws } from "../../../infra/aws/rules/check.ts";
import type { GraphResource } from "../../../infra/aws/rules/graph.ts";
import type { Ec2Args, HttpsArgs } from "../../../infra/args.ts";
import { Fleet } from "../../../infra/fleet.ts";
import { graphOf, mockAws } from "./mock-aws.ts";
import { ec2Machines } from "./samples.ts";

await mockAws({ preview: true });

const dir = fileURLToPath(new URL("../../../examples/fastapi", import.meta.url));
const matrix: Record<string, { machines?: Partial<Ec2Args>; https?: HttpsArgs }> = {
  "as it comes": {},
  "in a VPC that is there": {
    machines: { network: { vpc: "vpc-0a", subnets: { "eu-central-1a": "subnet-0a", "eu-central-1b": "subnet-0b" } } },
  },
  private: { machines: { access: "private", clients: ["10.0.0.0/8"] }, https: { mode: "none", httpPort: 8080 } },
  "SSH through an endpoint": { machines: { ssh: { publicKey: ec2Machines().ssh.publicKey, through: "instance-connect" } } },
  "SSH through a bastion, alarms to a topic": {
    machines: {
      ssh: { ...ec2Machines().ssh, bastion: { address: "198.51.100.7", hostKey: "ssh-ed25519 AAAA" } },
      alarms: { topic: "arn:aws:sns:eu-central-1:111122223333:ops" },
    },
  },
  "names and fixed addresses": {
    machines: { elasticIps: true, dns: { zone: "example.org" }, terminationProtection: true, tags: { team: "web" } },
    https: { mode: "acme", acme: { email: "ops@example.org" }, domains: ["{machine}.example.org"] },
  },
};

const previewOf = ({ machines = {}, https = {} }: { machines?: Partial<Ec2Args>; https?: HttpsArgs }): Promise<GraphResource[]> =>
  graphOf(() => void new Fleet("web", { app: { dir }, machines: { ...ec2Machines(), ...machines }, https }));

for (const [what, more] of Object.entries(matrix)) {
  test(`${what}: a preview makes the machines, asks none that isn't there, and is safe by every rule`, async () => {
    const graph = await previewOf(more);
    assert.deepEqual(checkAws(graph), []);
    const names = graph.map(({ type, name }) => `${type.split(":").at(-1)} ${name}`);
    for (const name of ["web-1", "web-2"]) {
      assert.ok(names.includes(`Instance web-${name}`), names.join("\n"));
      assert.ok(names.includes(`Command web-${name}-host-key`), names.join("\n"));
    }
    assert.ok(names.includes("Command web-rollout"), names.join("\n"));
  });
}

test("a machine's host key is read anew when the instance is another one, and for no other reason", async () => {
  const [command] = (await previewOf({})).filter(({ name }) => name === "web-web-1-host-key");
  assert.deepEqual(command?.inputs.triggers, ["<Instance web-web-1>"]);
  assert.equal(command?.inputs.addPreviousOutputInEnv, true);
  assert.deepEqual(JSON.parse(String(command?.inputs.stdin)), { region: "eu-central-1", instanceId: "<Instance web-web-1>" });
});
