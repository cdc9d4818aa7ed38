/** A step of `pulumi up` about a group that is a command of ours: the plan on its standard input, the result on its standard output. */
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { nodeCommand } from "../shell.ts";

export interface GroupCommandArgs {
  /** The command's name; with the fleet's before it, the resource's. */
  name: string;
  /** What it is told; run again when this changes. */
  plan: pulumi.Output<object>;
  /** Run again when one of these changes, too. */
  triggers?: pulumi.Input<string>[];
  dependsOn?: pulumi.Resource[];
}

/** @returns what it printed on standard output, its result; progress goes to standard error */
export function groupCommand(
  parent: pulumi.Resource,
  fleet: string,
  { name, plan, triggers, dependsOn }: GroupCommandArgs,
): pulumi.Output<string> {
  const ran = new command.local.Command(
    `${fleet}-${name}`,
    {
      create: nodeCommand("../cli/main", import.meta.url, name),
      stdin: plan.apply((value) => JSON.stringify(value)),
      logging: command.local.Logging.Stderr,
      addPreviousOutputInEnv: false,
      ...(triggers === undefined ? {} : { triggers }),
    },
    { parent, ...(dependsOn === undefined ? {} : { dependsOn }) },
  );
  return ran.stdout;
}
