/**
 * The host key of a machine that was just made. The machine makes it itself, so that no private key is in user data or state, and
 * cloud-init prints the public half on its console, which AWS hands out over an authenticated API. It is read once, and then pinned.
 */
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { nodeCommand } from "../../shell.ts";

export interface HostKeyRequest {
  region: string;
  instanceId: string;
  /** Of the AWS configuration that the stack names. */
  profile?: string | undefined;
}

/** @returns the key as `ssh-keyscan` prints it, without the address */
export function consoleHostKey(
  parent: pulumi.Resource,
  name: string,
  { region, instanceId }: { region: string; instanceId: pulumi.Output<string> },
): { key: pulumi.Output<string>; resource: pulumi.Resource } {
  const profile = new pulumi.Config("aws").get("profile");
  const resource = new command.local.Command(
    name,
    {
      create: nodeCommand("../../cli/main", import.meta.url, "ec2-host-key"),
      stdin: instanceId.apply((id) => JSON.stringify({ region, instanceId: id, profile } satisfies HostKeyRequest)),
      // Another instance has another key. One that is there keeps its own, whatever else changes here: the command is given its
      // previous output, as the console has only its last lines, and the key may no longer be among them.
      triggers: [instanceId],
      addPreviousOutputInEnv: true,
      logging: command.local.Logging.Stderr,
    },
    { parent },
  );
  return { key: resource.stdout.apply((text) => text.trim()), resource };
}
