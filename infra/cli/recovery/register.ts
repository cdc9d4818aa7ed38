/** `fleet recovery …`: the store, and what is in it. Each loads only what it needs. */
import { type Command, Option } from "commander";

export function registerRecovery(program: Command): void {
  const group = program.command("recovery").description("the store that a lost fleet comes back from");
  const command = (usage: string, about: string): Command =>
    group.command(usage).description(about).addOption(new Option("--stack <name>", "the stack").default("local"));

  command(
    "init",
    "set up where the stack puts by what a recovery needs, with a recovery code for the day its passphrase or KMS key is lost",
  )
    .argument("<stores...>", "folders (/mnt/store), SSH hosts (ssh://user@host/path?hostKey=…), buckets (s3://bucket/prefix?region=…)")
    .option("--no-key", "without a recovery code: whoever loses the passphrase has lost the secrets")
    .action(async (stores, options) => process.exit(await (await import("./init.ts")).init(stores, options)));

  command("push", "fill the stores now, as after every fleet up, local and rollback")
    .option("--verify", "read what is there already, and replace what is spoiled")
    .option("--json", "for programs")
    .action(async (options) => process.exit(await (await import("./push.ts")).pushCommand(options)));

  command("status", "whether a recovery could succeed now, and how old everything is; exit code 1 when it couldn't")
    .option("--from <store>", "only this store, also without the stack")
    .option("--verify", "read every object of the newest set, and check its hash")
    .option("--json", "for programs")
    .action(async (options) => process.exit(await (await import("./status.ts")).recoveryStatus(options)));

  command("key", "what the recovery code opens: the stack's passphrase, or with a KMS its state and configuration in plain text")
    .option("--from <store>", "from this store, also without the stack")
    .option("--rewrap", "a new key and code: the old code opens nothing that is put by from now on")
    .action(async (options) => process.exit(await (await import("./key.ts")).key(options)));
}
