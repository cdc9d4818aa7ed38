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
  program
    .command("ship-logs")
    .description("For its unit: ships the journal's lines of the app and around it to CloudWatch Logs, until it is told to end.")
    .requiredOption("--job <path>", "which lines, and where to; written by the agent")
    .requiredOption("--state <folder>", "where it keeps how far it is", process.env.STATE_DIRECTORY)
    .action(async ({ job, state }: { job: string; state: string }) => {
      const ended = new AbortController();
      process.on("SIGTERM", () => ended.abort()).on("SIGINT", () => ended.abort());
      const { shipLogs } = await import("./logs/ship.ts");
      await orSay(shipLogs({ path: job, stateFolder: state, signal: ended.signal, say: (text) => process.stderr.write(`${text}\n`) }));
    });
}

async function orSay(done: Promise<void>): Promise<void> {
  await done.catch((error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  });
}
