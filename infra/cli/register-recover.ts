/** The commands for the day when everything is gone, and for the drill before it. */
import { type Command, Option } from "commander";

export function registerRecover(program: Command): void {
  program
    .command("recover")
    .description("bring a stack back from its recovery store: same release, same configuration, verified over HTTPS")
    .addOption(new Option("--from <store>", "the store: a folder, ssh://… or s3://…").makeOptionMandatory())
    .addOption(new Option("--stack <name>", "the stack").default("local"))
    .option("--set <id>", "not the newest set: the beginning of its id; fleet recovery status lists them")
    .option("--release <id>", "an earlier release of the set's ledger, by its id or the beginning of it")
    .option("--machines <file>", "other machines: a file with `machines`, such as Pulumi.dr.yaml")
    .option("--check", "only look: what is in the store, whether it is whole, what is alive")
    .option("--yes", "don't ask before what is alive is touched")
    .option("--json", "the rollout's events and the result as lines of JSON on standard output")
    .action(async (options) => process.exit(await (await import("./recover.ts")).recover(options)));
}
