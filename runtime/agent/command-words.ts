/** What the agent's commands have in common: their options, and how words on the command line and standard input are read. */
import { addAbortSignal } from "node:stream";
import { text } from "node:stream/consumers";
import { type Command, InvalidArgumentError } from "commander";
import { nameSchema } from "../manifest.ts";
import type { Agent } from "./context.ts";
import { requireInput } from "./manifest-input.ts";

export interface Options {
  json?: boolean;
  archive?: string;
  packages?: string;
  applyId: string;
  app: string;
  leaseMs: number;
  surge: "auto" | "one";
  by?: string;
  rollbackFrom?: string;
  rollout?: string;
  prepare?: boolean;
}

export type Action = (agent: Agent, options: Options) => Promise<Record<string, unknown>>;

/** Adds a command. */
export type Add = (name: string, about: string, action: Action) => Command;

export const rolloutOption = ["--rollout <id>", "the rollout that this is a part of, and that holds this machine"] as const;

export function milliseconds(value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError("a whole number of milliseconds, at least 1");
  return number;
}

export function appName(value: string): string {
  const parsed = nameSchema.safeParse(value);
  if (!parsed.success) throw new InvalidArgumentError(parsed.error.issues[0]?.message ?? "not an app's name");
  return parsed.data;
}

const inputs = new WeakMap<Agent, Promise<string>>();

/** All that comes in on standard input. It can be read once. */
export function stdinText(agent: Agent): Promise<string> {
  const known = inputs.get(agent);
  if (known !== undefined) return known;
  const input = text(addAbortSignal(agent.signal, process.stdin));
  inputs.set(agent, input);
  return input;
}

export const inputFromStdin = async (agent: Agent) => requireInput(await stdinText(agent));

export const manifestFromStdin = async (agent: Agent) => (await inputFromStdin(agent)).manifest;
