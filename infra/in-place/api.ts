/** The calls to AWS that a release in place needs. */
import { GetObjectCommand, NoSuchKey, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import {
  CancelCommandCommand,
  type Command,
  GetCommandInvocationCommand,
  paginateListCommandInvocations,
  paginateListCommands,
  SendCommandCommand,
  SSMClient,
} from "@aws-sdk/client-ssm";
import { RECORD_KEY } from "../aws/boot-script.ts";
import { clientOptions } from "../aws/client.ts";
import { type Action, ACTIONS } from "../aws/in-place-script.ts";
import type { Invocation, Sent } from "./invocation.ts";
import { type Members, membersOf } from "./members.ts";
import { idOf, type InPlacePlan, nameOf, targetsOf } from "./plan.ts";

/** Machines are called by their names, where they have some. */
export interface InPlaceApi extends Members {
  /** sha256 of the manifest that a machine is born with. */
  record(): Promise<string | undefined>;
  write(): Promise<void>;
  /** Commands of the fleet that run. */
  running(): Promise<Sent[]>;
  /** To all machines. @returns the command's id */
  send(action: Action): Promise<string>;
  cancel(id: string): Promise<void>;
  /** Undefined when AWS doesn't know it (yet). */
  sent(id: string): Promise<Sent | undefined>;
  invocations(id: string): Promise<Invocation[]>;
  /** What the script on a machine wrote on standard error. */
  said(id: string, machine: string): Promise<string>;
}

/** So long a machine may take until it has begun, in its turn (Systems Manager guide, "Understanding command timeouts"). */
const DELIVERY_S = 600;

/** @throws what the SDK throws, once it has repeated what may pass */
export function inPlaceApi(plan: InPlacePlan): InPlaceApi {
  const options = clientOptions(plan);
  const members = membersOf(plan);
  return {
    ...members,
    ...recordCalls(plan, new S3Client(options)),
    ...commandCalls(plan, new SSMClient(options), members),
  };
}

function recordCalls({ bucket: Bucket, manifest }: InPlacePlan, client: S3Client): Pick<InPlaceApi, "record" | "write"> {
  const at = { Bucket, Key: RECORD_KEY };
  return {
    record: async () => {
      try {
        const { Body } = await client.send(new GetObjectCommand(at));
        return (await Body?.transformToString())?.trim();
      } catch (error) {
        if (error instanceof NoSuchKey) return undefined;
        throw error;
      }
    },
    write: async () => {
      await client.send(new PutObjectCommand({ ...at, Body: `${manifest}\n`, ContentType: "text/plain" }));
    },
  };
}

type CommandCalls = Omit<InPlaceApi, keyof Members | "record" | "write">;

function commandCalls(plan: InPlacePlan, client: SSMClient, members: Members): CommandCalls {
  return {
    running: async () => (await runningCommands(client, plan.document)).map(sentOf),
    send: async (action) => {
      const strangers = action === "try" ? await members.strangers?.() : 0;
      const { Command } = await client.send(new SendCommandCommand(sendInput(plan, action, strangers)));
      return Command?.CommandId ?? "";
    },
    cancel: async (CommandId) => void (await client.send(new CancelCommandCommand({ CommandId }))),
    sent: async (CommandId) => {
      for await (const { Commands: [found] = [] } of paginateListCommands({ client }, { CommandId })) return found && sentOf(found);
      return undefined;
    },
    invocations: (CommandId) => invocationsOf(plan, client, CommandId),
    said: async (CommandId, machine) => {
      const answer = await client.send(new GetCommandInvocationCommand({ CommandId, InstanceId: idOf(plan, machine) }));
      return answer.StandardErrorContent ?? "";
    },
  };
}

async function runningCommands(client: SSMClient, document: string): Promise<Command[]> {
  const commands: Command[] = [];
  const Filters = [
    { key: "DocumentName" as const, value: document },
    { key: "ExecutionStage" as const, value: "Executing" },
  ];
  for await (const { Commands = [] } of paginateListCommands({ client }, { Filters })) commands.push(...Commands);
  return commands;
}

async function invocationsOf(plan: InPlacePlan, client: SSMClient, CommandId: string): Promise<Invocation[]> {
  const all: Invocation[] = [];
  for await (const page of paginateListCommandInvocations({ client }, { CommandId, Details: true })) {
    for (const { InstanceId = "", Status, StatusDetails = "", CommandPlugins } of page.CommandInvocations ?? []) {
      const machine = nameOf(plan, InstanceId);
      if (machine === undefined) continue;
      all.push({ machine, status: Status ?? "", details: StatusDetails, output: CommandPlugins?.[0]?.Output ?? "" });
    }
  }
  return all;
}

/**
 * A confirm, or a way back, is not to wait for its turn: only a release that is tried takes a machine's strength.
 *
 * @param strangers machines that get the command as well, and whose failure stops nothing
 */
export function sendInput(plan: InPlacePlan, action: Action, strangers = 0) {
  const { document, manifest, batch, maxErrors } = plan;
  const tried = action === "try";
  return {
    DocumentName: document,
    Targets: targetsOf(plan),
    Parameters: { action: [action], manifest: [manifest] },
    TimeoutSeconds: DELIVERY_S,
    MaxConcurrency: tried ? batch : "100%",
    MaxErrors: tried ? String(maxErrors + strangers) : "100%",
    Comment: `Fleetwright: ${action} ${manifest.slice(0, 12)}`,
  };
}

function sentOf({ CommandId = "", Parameters = {}, Status, StatusDetails = "" }: Command): Sent {
  const action = ACTIONS.find((one) => one === Parameters.action?.[0]);
  return { id: CommandId, action, manifest: Parameters.manifest?.[0], status: Status ?? "", details: StatusDetails };
}
