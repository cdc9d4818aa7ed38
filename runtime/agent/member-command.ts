/** `fleethost member`, and what the boot script asks before it, on the command line. Its output holds secrets: it is for `apply` alone. */
import { type Command, InvalidArgumentError } from "commander";
import { nameSchema } from "../manifest.ts";
import type { Agent } from "./context.ts";
import { asFailure } from "./failure.ts";
import { member, type MemberOptions, secretsToRead } from "./member.ts";

type MakeAgent = (json: boolean) => Agent;

export function registerMember(program: Command, makeAgent: MakeAgent): void {
  program
    .command("member")
    .description("Prints this machine's manifest, made of its group's, as apply takes it; it holds secrets.")
    .requiredOption("--group <path>", "the group's manifest")
    .requiredOption("--name <name>", "the machine's name", machineName)
    .requiredOption("--address <address>", "what it is reached by")
    .option("--secrets <folder>", "answers to what secret-reads told, each in the file that it named")
    .action((options: MemberOptions) => printed(makeAgent, async (agent) => `${JSON.stringify(await member(agent, options))}\n`));
  program
    .command("secret-reads")
    .description("Prints what to ask AWS for a group's secrets, a line each: file, service, target, names, body.")
    .requiredOption("--group <path>", "the group's manifest")
    .action(({ group }: { group: string }) =>
      printed(makeAgent, async () => {
        const reads = await secretsToRead(group);
        return reads.map(({ file, service, target, names, body }) => `${file} ${service} ${target} ${names.join(",")} ${body}\n`).join("");
      }),
    );
}

async function printed(makeAgent: MakeAgent, text: (agent: Agent) => Promise<string>): Promise<void> {
  const agent = makeAgent(false);
  try {
    process.stdout.write(await text(agent));
  } catch (error) {
    const failure = asFailure(error, "member");
    agent.report.failed(failure);
    process.exitCode = failure.exitCode;
  }
}

function machineName(value: string): string {
  if (nameSchema.safeParse(value).success) return value;
  throw new InvalidArgumentError("lower-case letters, digits and dashes, starting with a letter, at most 24 characters");
}
