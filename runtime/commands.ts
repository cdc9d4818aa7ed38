/** All commands of `fleethost`. */
import { Command, CommanderError } from "commander";
import { registerAgent } from "./agent/command.ts";
import { registerAsk } from "./supervisor/ask-command.ts";
import { registerRun } from "./supervisor/command.ts";
import { registerTelling } from "./telling-commands.ts";

/** Exit code for a wrong command line, the same in every subcommand. */
const USAGE_EXIT = 2;

/** Does what the command line says. */
export async function main(): Promise<void> {
  const program = new Command("fleethost")
    .description("Runs an app on one machine of a fleet, and makes the machine match its manifest.")
    .exitOverride();
  registerRun(program);
  registerAsk(program);
  registerAgent(program);
  registerTelling(program);
  try {
    await program.parseAsync();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode === 0 ? 0 : USAGE_EXIT;
  }
}
