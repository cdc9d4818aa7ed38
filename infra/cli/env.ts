/** `fleet env`: the tools that Fleetwright found or made, for a shell in which `pulumi` is typed by hand. */
import { exitCodes } from "../errors.ts";
import { pulumiEnvironment } from "../offline/tools.ts";
import { shellQuote } from "../shell.ts";
import { sayToStderr } from "./stacks.ts";

export async function printEnvironment(): Promise<number> {
  const { env } = await pulumiEnvironment({ say: sayToStderr });
  for (const [name, value] of Object.entries(env)) process.stdout.write(`export ${name}=${shellQuote(value)}\n`);
  return exitCodes.ok;
}
