/** Stacks as the `fleet` command opens them: its own local one, or one of the user's. */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LocalWorkspace, type Stack } from "@pulumi/pulumi/automation/index.js";
import { parse, stringify } from "yaml";
import { FleetError } from "../errors.ts";
import type { Inventory } from "../inventory.ts";
import { pulumiEnvironment } from "../offline/tools.ts";
import { findInventories } from "./inventories.ts";
import { openQuickly } from "./quick-stack.ts";

export const LOCAL_STACK = "local";

/** Where the local stack keeps its state, its passphrase and its CA file; relative to the project's folder. */
export const LOCAL_FOLDER = ".fleetwright/local";

const PROJECT = "fleetwright";

export function localFolder(): string {
  return join(process.cwd(), LOCAL_FOLDER);
}

/**
 * Opens the local stack, with Pulumi's own state in a folder beside the project.
 * @param fleet the stack's configuration value; undefined leaves what an earlier run wrote
 */
export async function openLocalStack(fleet: unknown, program: () => Promise<Record<string, unknown>>): Promise<Stack> {
  const folder = localFolder();
  mkdirSync(join(folder, "state"), { recursive: true });
  writeFileSync(join(folder, "Pulumi.yaml"), stringify({ name: PROJECT, runtime: "nodejs" }));
  if (fleet !== undefined) writeStackFile(folder, fleet);
  const { env, version } = await pulumiEnvironment({ say: sayToStderr });
  // Pulumi prefers the variable to the file; the user's own is for the user's own stacks.
  delete process.env.PULUMI_CONFIG_PASSPHRASE;
  Object.assign(process.env, env, localBackend(folder));
  const exists = existsSync(join(folder, "state", ".pulumi", "stacks", PROJECT, `${LOCAL_STACK}.json`));
  return openQuickly({ stackName: LOCAL_STACK, workDir: folder, program, version, exists });
}

/** Keeps the salt that Pulumi wrote there: without it the state's secrets can't be read. */
function writeStackFile(folder: string, fleet: unknown): void {
  const path = join(folder, `Pulumi.${LOCAL_STACK}.yaml`);
  const before = existsSync(path) ? (parse(readFileSync(path, "utf8")) as Record<string, unknown>) : {};
  writeFileSync(path, stringify({ ...before, config: { "fleetwright:fleet": fleet } }));
}

function localBackend(folder: string): Record<string, string> {
  const passphrase = join(folder, "passphrase");
  if (!existsSync(passphrase)) writeFileSync(passphrase, randomBytes(24).toString("base64"), { mode: 0o600 });
  return { PULUMI_BACKEND_URL: `file://${join(folder, "state")}`, PULUMI_CONFIG_PASSPHRASE_FILE: passphrase };
}

/** The outputs of a stack, by name. @throws FleetError when it can't be opened or read */
export function readOutputs(stackName: string): Promise<Record<string, unknown>> {
  return withStack(stackName, async (stack) =>
    Object.fromEntries(Object.entries(await stack.outputs()).map(([name, { value }]) => [name, value])),
  );
}

/** Does something with a stack that is there. @throws FleetError when it can't be opened or read */
export async function withStack<T>(stackName: string, work: (stack: Stack) => Promise<T>): Promise<T> {
  try {
    return await work(stackName === LOCAL_STACK ? await openExistingLocal() : await openUserStack(stackName));
  } catch (error) {
    if (error instanceof FleetError) throw error;
    const lines = String((error as Error).message).split("\n");
    throw new FleetError(`stack "${stackName}" can't be read: ${lines.find((line) => /error/i.test(line)) ?? lines[0]}`, {
      next: "check its name (pulumi stack ls), the backend you are logged in to, and PULUMI_CONFIG_PASSPHRASE.",
    });
  }
}

/** The machines of a stack's fleets, from its outputs. @throws FleetError when there are none */
export async function readInventories(stackName: string): Promise<Inventory[]> {
  const inventories = findInventories(await readOutputs(stackName));
  if (inventories.length > 0) return inventories;
  throw new FleetError(`no fleet is found in the outputs of stack "${stackName}".`, {
    next:
      stackName === LOCAL_STACK
        ? "bring one up: npm run local"
        : `export your fleet's \`inventory\` from your program, and bring it up: pulumi up --stack ${stackName}`,
  });
}

async function openExistingLocal(): Promise<Stack> {
  if (existsSync(join(localFolder(), "Pulumi.yaml"))) return openLocalStack(undefined, async () => ({}));
  throw new FleetError("there is no local fleet in this folder.", {
    next: "bring one up: npm run local; or name your stack: --stack NAME",
  });
}

async function openUserStack(stackName: string): Promise<Stack> {
  const { env } = await pulumiEnvironment({ say: sayToStderr });
  Object.assign(process.env, env);
  return LocalWorkspace.selectStack({ stackName, workDir: process.cwd() });
}

export function sayToStderr(line: string): void {
  process.stderr.write(`${line}\n`);
}
