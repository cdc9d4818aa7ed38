/** `fleethost reload` and `fleethost scale` on the command line. What they do is loaded only when it is asked for. */
import { type Command, InvalidArgumentError } from "commander";
import type { Choice } from "./ask.ts";

/** A reload of many workers that boot slowly takes minutes. */
const TIMEOUT_MS = 600_000;

interface Flags extends Choice {
  readonly timeoutMs: number;
}

export function registerAsk(program: Command): void {
  const reloadCommand = withFlags(program.command("reload"), "Replace a supervisor's workers one by one, and wait for the outcome.");
  reloadCommand.action(async (flags: Flags) => {
    const { reload } = await import("./ask.ts");
    await act("reload", flags, reload(flags.timeoutMs));
  });
  withFlags(program.command("scale"), "Add or drain workers of a supervisor, and wait for the outcome.")
    .argument("<workers>", "how many there shall be, from 1 to the configured maximum", wholeNumber)
    .action(async (workers: number, flags: Flags) => {
      const { scale } = await import("./ask.ts");
      await act("scale", flags, scale(workers, flags.timeoutMs));
    });
}

function withFlags(command: Command, about: string): Command {
  return command
    .description(about)
    .option("--control <path>", "its control socket (default: that of the only supervisor this user has)")
    .option("--pid <pid>", "the supervisor with this pid", wholeNumber)
    .option("--timeout-ms <ms>", "wait no longer than this; it goes on all the same", wholeNumber, TIMEOUT_MS)
    .addHelpText("after", EXIT_CODES);
}

async function act(what: string, flags: Flags, ask: Parameters<typeof import("./ask.ts").askOne>[1]): Promise<void> {
  const [{ askOne, askExit }, { controlFolders, thisUser }] = await Promise.all([import("./ask.ts"), import("./control-path.ts")]);
  process.once("SIGINT", () => {
    process.stderr.write(`Interrupted; the ${what} goes on: see fleethost status\n`);
    process.exit(askExit.interrupted);
  });
  const user = thisUser();
  process.exitCode = await askOne(flags, ask, controlFolders(user), user, {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
  });
}

const EXIT_CODES = `
Exit codes: 0 done, 1 failed, or the supervisor could not be asked, 2 wrong command line, or none or several supervisors are
meant (they are listed), 5 not done in time, 130 interrupted by Ctrl-C.`;

function wholeNumber(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError("a whole number, at least 1");
  return number;
}
