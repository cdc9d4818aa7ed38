/** `fleet ec2-host-key`: waits until a new machine has said its host key on the console (`pulumi up` runs this, once a machine). */
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { EC2Client, GetConsoleOutputCommand } from "@aws-sdk/client-ec2";
import { z } from "zod";
import { clientOptions } from "../aws/client.ts";
import { exitCodes, FleetError } from "../errors.ts";
import { hostKeyOf } from "../machines/ec2/console.ts";

/** What `@pulumi/command` gives an update of its command: what the same resource printed before. */
const PREVIOUS_OUTPUT = "PULUMI_COMMAND_STDOUT";
const POLL_MS = 3_000;
/** Types that aren't built on Nitro publish their console only minutes after the boot. */
const DEADLINE_MS = 15 * 60_000;

const requestSchema = z.strictObject({ region: z.string(), instanceId: z.string(), profile: z.string().optional() });

export async function ec2HostKey(): Promise<number> {
  const known = process.env[PREVIOUS_OUTPUT]?.trim();
  if (known) return print(known);
  const { instanceId, ...place } = requestSchema.parse(JSON.parse(await text(process.stdin)));
  const client = new EC2Client(clientOptions(place));
  return print(await waitForKey(() => consoleOf(client, instanceId), instanceId, DEADLINE_MS));
}

function print(key: string): number {
  process.stdout.write(`${key}\n`);
  return exitCodes.ok;
}

/** @throws FleetError when there is no key by the deadline */
export async function waitForKey(read: () => Promise<string>, instanceId: string, deadlineMs: number, pollMs = POLL_MS): Promise<string> {
  const startedMs = performance.now();
  for (;;) {
    const console = await read();
    const key = hostKeyOf(console);
    if (key !== undefined) return key;
    if (performance.now() - startedMs >= deadlineMs) throw noKey(instanceId, console);
    await sleep(pollMs);
  }
}

async function consoleOf(client: EC2Client, instanceId: string): Promise<string> {
  const read = async (Latest: boolean): Promise<string> => {
    const { Output = "" } = await client.send(new GetConsoleOutputCommand({ InstanceId: instanceId, Latest }));
    return Buffer.from(Output, "base64").toString();
  };
  try {
    return await read(true);
  } catch (error) {
    if ((error as Error).name !== "UnsupportedOperation") throw refused(instanceId, error as Error);
    return read(false);
  }
}

function noKey(instanceId: string, console: string): FleetError {
  return new FleetError(`the console of ${instanceId} shows no host key.`, {
    log: console
      .split(/\r?\n/)
      .filter((line) => line.trim() !== "")
      .slice(-8),
    kept: "the machine, and everything else.",
    next:
      `see its console (aws ec2 get-console-output --instance-id ${instanceId}); ` +
      "Debian's images print the key, one of your own has to.",
  });
}

function refused(instanceId: string, { name, message }: Error): FleetError {
  return new FleetError(`AWS didn't show the console of ${instanceId}: ${name}: ${message}`, {
    kept: "the machine, and everything else.",
    next: "check the credentials (aws sts get-caller-identity) and that they allow ec2:GetConsoleOutput, then run the same command again.",
  });
}
