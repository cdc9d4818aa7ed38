/** The commands of `fleethost` that the units run which tell CloudWatch. */
import type { Command } from "commander";

export function registerTelling(program: Command): void {
  program
    .command("tell-metrics")
    .description("For its timer: tells CloudWatch how full the disks are, and how long certificates last.")
    .requiredOption("--job <path>", "what is told, and where; written by the agent")
    .action(async ({ job }: { job: string }) => {
      const { tellMetrics } = await import("./metrics/tell.ts");
      await orSay(tellMetrics(job));
    });
}

async function orSay(done: Promise<void>): Promise<void> {
  await done.catch((error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  });
}
