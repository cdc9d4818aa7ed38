/** `fleethost run` on the command line. What it does is loaded only when it is asked for. */
import type { Command } from "commander";
import type { RunFlags } from "./flags.ts";
import { optionGroups } from "./run-flags.ts";

export function registerRun(program: Command): void {
  const command = program
    .command("run")
    .description("Start an app's workers and keep them: on a machine a generation, by hand any app or command.")
    .argument("[command...]", 'after "--": a command; {fd}, {port}, {socket} and {slot} in it are replaced')
    .addHelpText("after", SIGNALS)
    .action((words: string[], flags: RunFlags) => startRun(words.length === 0 ? flags : { ...flags, command: words }));
  for (const { heading, options } of optionGroups) {
    command.optionsGroup(heading);
    for (const [flag, about] of options) command.option(flag, about);
  }
}

/** Runs until the supervisor ends. */
export async function startRun(flags: RunFlags): Promise<never> {
  const { run } = await import("./run.ts");
  // Exits by itself then: whatever still holds the process open has nothing to say any more.
  process.exit(await run(flags));
}

const SIGNALS = `
Signals: TERM and INT drain and stop, a second one forces; QUIT stops at once; HUP replaces the workers one by one;
TTIN and TTOU add and take away a worker.
Exit codes: 0 stopped as asked, 1 cannot start (socket taken, no permission), 2 wrong command line or manifest,
3 no worker became ready, 4 every worker failed again and again, 70 fault in the supervisor.
A socket that systemd passes (LISTEN_FDS) is used in place of --host, --port, --socket and --fd.`;
