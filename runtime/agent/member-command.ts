/** `fleethost member` on the command line. Its output holds secrets: it is for `fleethost apply` alone. */
import { type Command, InvalidArgumentError } from "commander";
import { nameSchema } from "../manifest.ts";
import type { Agent } from "./context.ts";
import { asFailure } from "./failure.ts";
import { member, type MemberOptions } from "./member.ts";

export function registerMember(program: Command, makeAgent: (json: boolean) => Agent): void {
  program
    .command("member")
    .description("Prints this machine's manifest, made of its group's, as apply takes it; it holds secrets.")
    .requiredOption("--group <path>", "the group's manifest")
    .requiredOption("--name <name>", "the machine's name", machineName)
    .requiredOption("--address <address>", "what it is reached by")
    .option("--secrets <path>", "what Secrets Manager answered")
    .action(async (options: MemberOptions) => {
      const agent = makeAgent(false);
      try {
        process.stdout.write(`${JSON.stringify(await member(agent, options))}\n`);
      } catch (error) {
        const failure = asFailure(error, "member");
        agent.report.failed(failure);
        process.exitCode = failure.exitCode;
      }
    });
}

function machineName(value: string): string {
  if (nameSchema.safeParse(value).success) return value;
  throw new InvalidArgumentError("lower-case letters, digits and dashes, starting with a letter, at most 24 characters");
}
