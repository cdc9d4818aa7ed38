/** One preview by the real engine: `one.ts fleet|bare COUNT`. Prints what it took, as JSON. */
import { Fleet } from "../../infra/fleet.ts";
import { withAwsStack } from "../../test/support/aws-provider/stack.ts";
import { ec2Machines } from "../../test/infra/aws/samples.ts";
import { bareMachines } from "./bare.ts";

const [what = "", count = ""] = process.argv.slice(2);

function fleet(machines: number): void {
  const instances = Array.from({ length: machines }, (_, index) => ({ name: `m-${index}`, type: "m7g.large", zone: "eu-central-1a" }));
  new Fleet("web", {
    app: { dir: `${import.meta.dirname}/../../examples/fastapi` },
    machines: { ...ec2Machines(), instances, elasticIps: true },
  });
}

const program = async (): Promise<void> => (what === "bare" ? bareMachines : fleet)(Number(count));
const took = await withAwsStack(async (stack) => {
  const startedMs = performance.now();
  const { changeSummary } = await stack.preview({ program });
  return { seconds: (performance.now() - startedMs) / 1000, resources: changeSummary.create ?? 0 };
});
process.stdout.write(`${JSON.stringify({ ...took, programMiB: process.resourceUsage().maxRSS / 1024 })}\n`);
