import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { type Created, createRequestSchema } from "../../../infra/machines/local/spec.ts";
import { localMachines } from "../../../infra/machines/local.ts";

const root = mkdtempSync(join(tmpdir(), "fleetwright-provider-"));
process.env.FLEETWRIGHT_LOCAL_ROOT = root;
after(() => rmSync(root, { recursive: true }));

const commands: pulumi.runtime.MockResourceArgs[] = [];
await pulumi.runtime.setMocks({
  call: () => ({}),
  newResource: (resource) => {
    if (resource.type !== "command:local:Command") return { id: resource.name, state: resource.inputs };
    commands.push(resource);
    const { name, createId } = createRequestSchema.parse(JSON.parse(resource.inputs.stdin));
    const made: Created = {
      name,
      createId,
      address: "10.213.7.11",
      hostKey: "ssh-ed25519 AAAA",
      diskId: "d1",
      user: "root",
      privateKeyFile: "/k",
      cores: 1,
    };
    return { id: name, state: { ...resource.inputs, stdout: JSON.stringify(made) } };
  },
});

const settled = <T>(output: pulumi.Output<T>) => new Promise<T>((resolve) => output.apply(resolve));

test("each machine is one command whose output is how to reach it", async () => {
  const parent = new pulumi.ComponentResource("test:Parent", "parent");
  const machines = localMachines(parent, "web", { count: 3, image: "trixie", cores: [1, "all"], world: "w" }, pulumi.output(true));
  const [first] = machines;
  assert.ok(first !== undefined);
  assert.equal(await settled(first.address), "10.213.7.11");
  assert.equal(await settled(first.identity), "d1");
  assert.deepEqual(await settled(first.transport), {
    kind: "ssh",
    host: "10.213.7.11",
    port: 22,
    user: "root",
    hostKey: "ssh-ed25519 AAAA",
    privateKeyFile: "/k",
  });
  await Promise.all(machines.map((machine) => settled(machine.address)));
  assert.deepEqual(
    machines.map(({ name }) => name),
    ["web-1", "web-2", "web-3"],
  );
  const requests = commands.map(({ inputs }) => createRequestSchema.parse(JSON.parse(inputs.stdin)));
  assert.deepEqual(requests.map(({ name, cores }) => `${name} ${cores}`).sort(), ["web-1 1", "web-2 all", "web-3 all"]);
});

test("the command lines hold no path of this computer", () => {
  assert.equal(commands[0]?.inputs.create, "node infra/machines/local/main.ts create");
  assert.equal(commands[0]?.inputs.delete, "node infra/machines/local/main.ts destroy");
});
