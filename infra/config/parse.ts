import type { z } from "zod";
import { nameSchema } from "../../runtime/manifest.ts";
import { exitCodes, FleetError } from "../errors.ts";
import { type RecoveryConfig, recoveryConfigSchema } from "../recovery/config.ts";
import { problemLines } from "./problems.ts";
import { type FleetConfig, fleetSchema, type StackConfig, stackConfigSchema } from "./schema.ts";

/** Parses a fleet's arguments. @throws FleetError naming every problem by key path */
export function parseFleet(name: string, args: unknown): FleetConfig {
  requireName(name);
  return parse(fleetSchema, args, `The arguments of fleet "${name}"`);
}

function requireName(name: string): void {
  const problem = nameSchema.safeParse(name).error?.issues[0];
  if (problem === undefined) return;
  throw new FleetError(`"${name}" can't be a fleet's name: ${problem.message}.`, {
    kept: "everything; nothing was created or changed.",
    next: "give the fleet another name.",
    exitCode: exitCodes.usage,
  });
}

/** Parses the stack's configuration value. @throws FleetError naming every problem by key path */
export function parseStackConfig(value: unknown): StackConfig {
  return parse(stackConfigSchema, value, "The configuration (fleetwright:fleet)");
}

/** Parses `fleetwright:recovery`; undefined when the stack has none. @throws FleetError naming every problem by key path */
export function parseRecoveryConfig(value: unknown): RecoveryConfig | undefined {
  return value === undefined ? undefined : parse(recoveryConfigSchema, value, "The configuration (fleetwright:recovery)");
}

function parse<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const lines = problemLines(schema, result.error, value);
  const count = lines.length === 1 ? "a problem" : `${lines.length} problems`;
  throw new FleetError(
    `${what} ${what.startsWith("The arguments") ? "have" : "has"} ${count}:\n${lines.map((line) => `  - ${line}`).join("\n")}`,
    {
      kept: "everything; nothing was created or changed.",
      next: 'mend the keys above and run the same command again. README, "Configuration", lists every key.',
      exitCode: exitCodes.usage,
    },
  );
}
