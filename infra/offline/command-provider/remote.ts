/** Runs a command on another machine over SSH. */
import type { Client, ClientChannel } from "ssh2";
import type { Context, Streams } from "./context.ts";
import { type Connection, withConnection } from "./dial.ts";
import { type Logging, Output, previousOutput } from "./output.ts";
import { requestEnvironment } from "./ssh-environment.ts";

export interface RemoteInputs {
  connection: Connection;
  stdin?: string;
  logging?: Logging;
  environment?: Record<string, string>;
  addPreviousOutputInEnv?: boolean;
}

/** @throws Error with the exit status and all output, when it doesn't end with 0. */
export function runRemotely(command: string, inputs: RemoteInputs, previous: Partial<Streams>, context: Context): Promise<Streams> {
  return withConnection(inputs.connection, context, async (client) => {
    const output = new Output(context.log, inputs.logging);
    const ending = await execute(client, command, inputs, previous, context, (channel) => {
      channel.on("data", (chunk: Buffer) => output.take("stdout", chunk));
      channel.stderr.on("data", (chunk: Buffer) => output.take("stderr", chunk));
      channel.end(inputs.stdin ?? "");
    });
    const streams = output.finish();
    if (ending !== undefined) throw output.failure(ending, command);
    return streams;
  });
}

/** How it ended, in words; undefined for exit status 0. `started` gets the channel before anything has come through it. */
function execute(
  client: Client,
  command: string,
  inputs: RemoteInputs,
  previous: Partial<Streams>,
  context: Context,
  started: (channel: ClientChannel) => void,
): Promise<string | undefined> {
  const before = previousOutput(previous, inputs.addPreviousOutputInEnv);
  const env = { ...inputs.environment, ...before };
  return new Promise((resolve, reject) => {
    const refused = (name: string) => {
      // The previous output is a convenience: without it the command still runs.
      if (!(name in before)) reject(new Error(`could not set environment variable "${name}": ${refusal(name)}`));
      else context.warn(refusal(name));
      return name in before;
    };
    requestEnvironment(client, refused);
    client.exec(command, { env }, (error, channel) => {
      if (error) return reject(error);
      // Here and not after an await: a quick command's exit status comes in the same packet as the answer to exec.
      resolve(ended(channel, context.signal));
      started(channel);
    });
  });
}

const refusal = (name: string): string =>
  `the SSH server did not accept '${name}': it has to be named by AcceptEnv in its configuration. ` +
  `Or write the variable before the command: ${name}=value command`;

function ended(channel: ClientChannel, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve) => {
    let ending: string | undefined = "wait: remote command exited without exit status or exit signal";
    channel.once("exit", (code: number | null, killedBy?: string) => {
      if (killedBy) ending = `Process exited with status 128 from signal ${killedBy}`;
      else ending = code === 0 ? undefined : `Process exited with status ${code}`;
    });
    channel.once("close", () => resolve(signal.aborted ? String(signal.reason?.message ?? signal.reason) : ending));
    channel.on("error", () => {});
  });
}
