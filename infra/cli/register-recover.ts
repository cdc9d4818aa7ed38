/** The commands for the day when everything is gone, and for the drill before it. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { durationMs } from "../recovery/drill-report.ts";

/** @param wholeNumber reads a number of 1 or more */
export function registerRecover(program: Command, wholeNumber: (value: string) => number): void {
  program
    .command("recover")
    .description("bring a stack back from its recovery store: same release, same configuration, verified over HTTPS")
    .addOption(new Option("--from <store>", "the store: a folder, ssh://… or s3://…").makeOptionMandatory())
    .addOption(new Option("--stack <name>", "the stack").default("local"))
    .option("--set <id>", "not the newest set: the beginning of its id; fleet recovery status lists them")
    .option("--release <id>", "an earlier release of the set's ledger, by its id or the beginning of it")
    .option("--machines <file>", "other machines: a file with `machines`, such as Pulumi.dr.yaml")
    .option("--secrets-provider <provider>", "the KMS key is lost: what encrypts now, passphrase or a key's URL", secretsProvider)
    .option("--check", "only look: what is in the store, whether it is whole, what is alive")
    .option("--yes", "don't ask before what is alive is touched")
    .option("--json", "the rollout's events and the result as lines of JSON on standard output")
    .addOption(new Option("--drill").hideHelp())
    .action(async (options) => process.exit(await (await import("./recover.ts")).recover(options)));

  program
    .command("drill")
    .description("recover into machines of its own beside the living fleet, time and verify it, and clear everything away")
    .addOption(new Option("--from <store>", "the store: a folder, ssh://… or s3://…").makeOptionMandatory())
    .addOption(new Option("--stack <name>", "the stack").default("local"))
    .option("--rto <time>", "fail when it takes longer, such as 60s", duration)
    .option("--count <n>", "how many local machines (default: as many as the fleet has)", wholeNumber)
    .option("--machines <file>", "other machines than local ones: a file with `machines`, such as Pulumi.dr.yaml")
    .option("--json", "the record as a line of JSON on standard output")
    .action(async ({ rto, ...options }) => process.exit(await (await import("./drill.ts")).drill({ ...options, rtoMs: rto })));
}

function secretsProvider(value: string): string {
  if (value === "passphrase" || /^(awskms|azurekeyvault|gcpkms|hashivault):\/\/./.test(value)) return value;
  throw new InvalidArgumentError("It must be passphrase, or a key's URL: awskms:, azurekeyvault:, gcpkms: or hashivault:.");
}

function duration(value: string): number {
  const ms = durationMs(value);
  if (ms !== undefined && ms > 0) return ms;
  throw new InvalidArgumentError("It must be a time such as 60s or 2m.");
}
