#!/usr/bin/env node
/** `fleethost`: what runs on each machine of a fleet. */
import { Command, CommanderError } from "commander";
import { registerRun } from "./supervisor/command.ts";

/** Exit code for a wrong command line, the same in every subcommand. */
const USAGE_EXIT = 2;

const program = new Command("fleethost")
  .description("Runs an app on one machine of a fleet, and makes the machine match its manifest.")
  .exitOverride();
registerRun(program);
// A supervisor lives for weeks: what the other commands need, it has not in its memory.
if (process.argv[2] !== "run") {
  const [{ registerAsk }, { registerAgent }] = await Promise.all([import("./supervisor/ask-command.ts"), import("./agent/command.ts")]);
  registerAsk(program);
  registerAgent(program);
}

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? 0 : USAGE_EXIT;
}
