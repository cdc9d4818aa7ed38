#!/usr/bin/env node
/** The `fleet` command. Each subcommand loads only what it needs: `rollout` runs inside every `pulumi up`. */
import { Command, InvalidArgumentError, Option } from "commander";
import { exitCodes, FleetError } from "../errors.ts";
import { registerAws } from "./aws.ts";
import { registerOperate } from "./operate.ts";
import { registerRecovery } from "./recovery/register.ts";
import { registerRecover } from "./register-recover.ts";

function wholeNumber(value: string): number {
  if (/^[1-9]\d{0,3}$/.test(value)) return Number(value);
  throw new InvalidArgumentError("It must be a whole number, 1 or more.");
}

const exitCodesHelp = [
  "Exit codes:",
  "  0    done",
  "  1    it failed; the message says what every machine runs now",
  "  2    wrong command line or configuration, nothing was touched; `fleet drift`: a machine isn't as it was confirmed",
  "  3    done, but machines that could not be reached were left out",
  "  4    the fleet is as wanted, but a recovery store was not filled",
  "  130  interrupted; what had been switched was put back",
].join("\n");

const program = new Command("fleet")
  .description("VM fleets from one typed configuration")
  .showHelpAfterError("What to do: see `fleet --help`, or `fleet COMMAND --help`.")
  .addHelpText("after", `\n${exitCodesHelp}`)
  .exitOverride((error) => process.exit(error.exitCode === 0 ? exitCodes.ok : exitCodes.usage));

const stackOption = new Option("--stack <name>", "the stack to ask").default("local");

program
  .command("local")
  .description("bring up a real fleet on this computer and leave it running")
  .option("--app <dir>", "the app to serve, instead of the one in Pulumi.local.yaml")
  .option("--machines <n>", "how many machines", wholeNumber)
  .addOption(new Option("--image <name>", "the machines' system").choices(["trixie", "bookworm"]))
  .option("--skip <names>", "machines to leave out if they can't be reached, separated by commas")
  .option("--take-over", "take the machines from another rollout that holds them; what it switched is undone")
  .option("--repeat-once <names>", "steps to run again although nobody knows how far they came, separated by commas")
  .option("--json", "the rollout's events as lines of JSON on standard output; all else goes to standard error")
  .action(async (options) => process.exit(await (await import("./local.ts")).local(options)));

program
  .command("local:down")
  .description("remove the local fleet: machines, namespaces, links, mounts, processes, state")
  .action(async () => process.exit(await (await import("./local-down.ts")).localDown()));

program
  .command("up")
  .description("pulumi up for a stack, with exit code 3 if machines were left out")
  .addOption(new Option("--stack <name>", "the stack").makeOptionMandatory())
  .option("--skip <names>", "machines to leave out if they can't be reached, separated by commas")
  .option("--take-over", "take the machines from another rollout that holds them; what it switched is undone")
  .option("--repeat-once <names>", "steps to run again although nobody knows how far they came, separated by commas")
  .option("--json", "the rollout's events as lines of JSON on standard output; all else goes to standard error")
  .action(async (options) => process.exit(await (await import("./up.ts")).up(options)));

program
  .command("status")
  .description("what every machine runs, asked now")
  .addOption(stackOption)
  .option("--fleet <name>", "only this fleet, where the stack has several")
  .option("--json", "for programs; one fleet at a time")
  .option("--check", "exit code 1, too, when a certificate is missing, about to expire, or could not be renewed")
  .option("--days <n>", "with --check: how many days a certificate must be left", wholeNumber, 14)
  .action(async (options) => process.exit(await (await import("./status.ts")).status(options)));

registerOperate(program, wholeNumber);
registerRecover(program, wholeNumber);
registerRecovery(program);

program
  .command("rollout", { hidden: true })
  .description("carry out a plan from standard input (pulumi up runs this)")
  .option("--drive", "be the process that does it")
  .option("--json", "events as lines of JSON, in place of the lines for people")
  .action(async ({ drive, ...options }) => {
    if (drive === true) process.exit(await (await import("./drive-rollout.ts")).driveRollout(options));
    process.exit(await (await import("./rollout.ts")).rollout(options));
  });

program
  .command("refresh", { hidden: true })
  .description("bring a group at AWS onto a plan from standard input, and wait for it (pulumi up runs this)")
  .addOption(new Option("--pace <n>", "divides every pause; for tests").default(1).argParser(wholeNumber).hideHelp())
  .action(async (options) => process.exit(await (await import("./refresh.ts")).refreshGroup(options)));

program
  .command("in-place", { hidden: true })
  .description("bring a release to a group's machines at AWS, by a plan from standard input, and wait for it (pulumi up runs this)")
  .addOption(new Option("--pace <n>", "divides every pause; for tests").default(1).argParser(wholeNumber).hideHelp())
  .action(async (options) => process.exit(await (await import("./in-place.ts")).releaseInPlace(options)));

program
  .command("acme-key", { hidden: true })
  .description("print a new key for an ACME account (pulumi up runs this, once a fleet)")
  .action(async () => void process.stdout.write((await import("../rollout/acme-account.ts")).newAccountKey()));

registerAws(program);

program
  .command("env")
  .description('print what a shell needs to run "pulumi" itself with the tools found here: eval "$(npm run -s fleet -- env)"')
  .action(async () => process.exit(await (await import("./env.ts")).printEnvironment()));

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof FleetError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(error.exitCode);
}
