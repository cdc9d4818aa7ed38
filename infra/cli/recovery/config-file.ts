/** Where a stack's `fleetwright:recovery` is written, and what it says. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { parseRecoveryConfig } from "../../config/parse.ts";
import { exitCodes, FleetError } from "../../errors.ts";
import type { RecoveryConfig } from "../../recovery/config.ts";
import type { StackName } from "../../recovery/store/layout.ts";
import { fleetCommand } from "../command-words.ts";
import { LOCAL_FOLDER, LOCAL_STACK } from "../stacks.ts";

export interface StackPlace {
  name: StackName;
  /** What people edit. */
  configFile: string;
  /** What Pulumi itself reads: another file for the local stack only, where it has the salt. */
  stackFile: string;
  projectFile: string;
}

export const RECOVERY_KEY = "fleetwright:recovery";

/** @param folder the project's. @throws FleetError when it has no Pulumi.yaml */
export function placeOfStack(folder: string, stackName: string): StackPlace {
  const stack = stackName.split("/").at(-1) ?? stackName;
  if (stack === LOCAL_STACK) {
    const own = join(folder, LOCAL_FOLDER);
    const stackFile = join(own, `Pulumi.${stack}.yaml`);
    const configFile = join(folder, `Pulumi.${stack}.yaml`);
    return { name: { project: "fleetwright", stack }, configFile, stackFile, projectFile: join(own, "Pulumi.yaml") };
  }
  const projectFile = join(folder, "Pulumi.yaml");
  const project = readYaml(projectFile);
  const stackFile = join(folder, typeof project.stackConfigDir === "string" ? project.stackConfigDir : ".", `Pulumi.${stack}.yaml`);
  return { name: { project: String(project.name), stack }, configFile: stackFile, stackFile, projectFile };
}

/** The stack's recovery configuration; undefined when it has none. @throws FleetError naming every problem */
export function readRecoveryConfig(place: StackPlace): RecoveryConfig | undefined {
  if (!existsSync(place.configFile)) return undefined;
  const config = readYaml(place.configFile).config as Record<string, unknown> | undefined;
  const value = config?.[RECOVERY_KEY];
  // `pulumi config set` without --path writes JSON as text.
  return parseRecoveryConfig(typeof value === "string" ? asJson(value) : value);
}

/** @throws FleetError saying how to set one up, when there is none */
export function requireRecoveryConfig(place: StackPlace): RecoveryConfig {
  const config = readRecoveryConfig(place);
  if (config !== undefined) return config;
  throw new FleetError(`stack "${place.name.stack}" has no recovery store.`, {
    kept: "everything; nothing was read or written.",
    next: `set one up: ${fleetCommand(`recovery init STORE --stack ${place.name.stack}`)}; docs/recovery.md says what a store can be`,
    exitCode: exitCodes.usage,
  });
}

function readYaml(path: string): Record<string, unknown> {
  try {
    return (parse(readFileSync(path, "utf8")) as Record<string, unknown> | null) ?? {};
  } catch (error) {
    throw new FleetError(`${path} can't be read: ${(error as Error).message.split("\n")[0]}`, {
      kept: "everything; nothing was created or changed.",
      next: "run this in the project's folder, where Pulumi.yaml is.",
      exitCode: exitCodes.usage,
    });
  }
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
