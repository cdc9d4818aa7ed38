/** The commands for a fleet that runs. Each loads only what it needs. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { batchPart, type BatchSize } from "../rollout/batches.ts";

/** @param wholeNumber reads a number of 1 or more */
export function registerOperate(program: Command, wholeNumber: (value: string) => number): void {
  const command = (usage: string, about: string): Command =>
    program
      .command(usage)
      .description(about)
      .addOption(new Option("--stack <name>", "the stack to ask").default("local"))
      .option("--fleet <name>", "the fleet, where the stack has several");
  registerReleases(command);
  registerLooking(command, wholeNumber);
  registerMachines(command);
}

type AddCommand = (usage: string, about: string) => Command;

function registerReleases(command: AddCommand): void {
  command("releases", "each machine's history: what was live when, by whom, why it ended; and what it could go back to")
    .option("--json", "for programs")
    .action(async (options) => process.exit(await (await import("./releases.ts")).releases(options)));

  command("rollback", "the fleet to the release before, or to one that its machines still have, without building or sending anything")
    .option("--to <release>", "a release's id or its beginning, or a generation; see fleet releases", identifier)
    .option("--batch <n>", "machines switched at the same time, after the first one alone: a number, or a part such as 25%", batch)
    .option("--skip <names>", "machines to leave out if they can't be reached, separated by commas")
    .option("--json", "the rollout's events as lines of JSON on standard output; all else goes to standard error")
    .action(async (options) => process.exit(await (await import("./rollback.ts")).rollback(options)));
}

function registerLooking(command: AddCommand, wholeNumber: (value: string) => number): void {
  command("drift", "whether each machine still is what was confirmed on it; exit code 2 when one isn't")
    .option("--json", "for programs")
    .action(async (options) => process.exit(await (await import("./drift.ts")).drift(options)));

  command("logs", "the journals of all machines, or of one, in the order of time: app, Caddy, agent")
    .argument("[machine]", "only this machine's")
    .option("-f, --follow", "go on until Ctrl-C")
    .option("--since <time>", '"10m", "2h", "1d", or as journalctl takes it: "2026-01-31 10:00", "yesterday"')
    .option("-n, --lines <n>", "so many of each machine's last lines (default: 100, or all with --since)", wholeNumber)
    .action(async (machine, options) => process.exit(await (await import("./logs.ts")).logs(machine, options)));

  command("ssh", "log in to a machine, or run a command there, by the stack's login and pinned host key")
    .argument("<machine>", "its name; see fleet status")
    .argument("[command...]", "after --; ends with its exit code")
    .action(async (machine, words, options) => process.exit(await (await import("./ssh.ts")).ssh(machine, words, options)));
}

/** Machines that come and go. */
function registerMachines(command: AddCommand): void {
  command("decommission", "take the fleet's app off a machine: units, releases, records, users, and Caddy if no other app is there")
    .argument("<machine>", "its name; see fleet status")
    .option("--yes", "don't ask; also when it is the last machine that serves")
    .action(async (machine, options) => process.exit(await (await import("./decommission.ts")).decommission(machine, options)));

  command("deploy-user", "make the reserved user that deploys without root, on machines that an administrator's login can reach")
    .argument("[machines...]", "their names; again to change its keys, or after an update of Fleetwright")
    .option("--key <file...>", "the deploy user's public keys; without it, those that it has stay")
    .option("--admin <user>", "the login that makes it: root, or a user with a password-less sudo", "root")
    .option("--admin-key <file>", "that login's private key; without it, privateKeyFile of the configuration, or the SSH agent's")
    .option("--any-runtime", "let it install any runtime bundle: whoever has its key can then become root")
    .option("--print", "print the script instead, for a machine's first boot or a tool of your own")
    .addOption(new Option("--arch <name>", "with --print: the machines' processor").choices(["x64", "arm64"]).default("x64"))
    .option("--remove", "take it away; what was deployed stays")
    .action(async (machines, options) => process.exit(await (await import("./deploy-user.ts")).deployUser(machines, options)));

  command("forget", "take a machine that is gone out of the stack's configuration, or say where to")
    .argument("<machine>", "its name; see fleet status")
    .option("--yes", "also when it is still there")
    .action(async (machine, options) => process.exit(await (await import("./forget.ts")).forget(machine, options)));
}

function batch(value: string): BatchSize {
  if (/^[1-9]\d{0,3}$/.test(value)) return Number(value);
  if (batchPart.test(value)) return value;
  throw new InvalidArgumentError('It must be a number of machines, 1 or more, or a part of the fleet such as "25%".');
}

function identifier(value: string): string {
  if (/^[0-9a-f]{4,64}$/.test(value)) return value;
  throw new InvalidArgumentError("It must be 4 to 64 hexadecimal digits.");
}
