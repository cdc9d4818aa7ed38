/** The commands for machines on AWS. */
import { type Command, Option } from "commander";

export function registerAws(program: Command): void {
  program
    .command("image")
    .description("the images that machines on AWS are made from")
    .command("bump")
    .description("look up Debian's newest images, and write them to the stack's file")
    .addOption(new Option("--stack <name>", "the stack").makeOptionMandatory())
    .addOption(new Option("--debian <release>", "Debian's release").choices(["12", "13"]).default("13"))
    .option("--machine <name>", "for this machine alone: to try it, or to go on machine by machine")
    .action(async (options) => process.exit(await (await import("./image.ts")).bumpImages(options)));

  program
    .command("prune", { hidden: true })
    .description("remove old releases of a group from its template and its bucket (pulumi up runs this, after a release)")
    .addOption(new Option("--ahead <ms>", "as if it were so much later; for tests").argParser(Number).hideHelp())
    .action(async (options) => process.exit(await (await import("./prune.ts")).pruneReleases(options)));

  program
    .command("ec2-host-key", { hidden: true })
    .description("wait for a new EC2 machine's host key (pulumi up runs this, once a machine)")
    .action(async () => process.exit(await (await import("./ec2-host-key.ts")).ec2HostKey()));
}
