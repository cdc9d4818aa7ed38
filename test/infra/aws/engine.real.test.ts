/** A fleet on EC2 with the real Pulumi engine, against a stand-in for the AWS provider. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Fleet } from "../../../infra/fleet.ts";
import { withAwsStack } from "../../support/aws-provider/stack.ts";
import { ec2Machines } from "./samples.ts";

const dir = fileURLToPath(new URL("../../../examples/fastapi", import.meta.url));

test("the engine previews it: AWS is asked, every resource is named, and what needs a machine is decided later", async () => {
  await withAwsStack(async (stack) => {
    let printed = "";
    const program = async (): Promise<void> => void new Fleet("web", { app: { dir }, machines: ec2Machines() });
    const { changeSummary } = await stack.preview({ program, color: "never", onOutput: (text) => void (printed += text) });
    assert.ok((changeSummary.create ?? 0) > 20, printed);
    assert.match(printed, /m7g\.large: 2 vCPUs, 8 GiB, arm64: web-2/);
    assert.match(printed, /command:local:Command +web-rollout/);
  });
});
