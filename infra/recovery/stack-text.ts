/** The stack's file as it was, with other machines where those of before are lost for good. Pure. */
import { isMap, parse, parseDocument } from "yaml";
import { exitCodes, FleetError } from "../errors.ts";

export const FLEET_KEY = "fleetwright:fleet";

interface StackFile {
  config?: Record<string, unknown>;
}

/** The fleet's value in a stack's file; undefined where a program configures its fleets itself. */
export function fleetValueOf(text: string): unknown {
  return (parse(text) as StackFile | null)?.config?.[FLEET_KEY];
}

/**
 * `machines` of another stack's file (`Pulumi.dr.yaml`), or of a file that has nothing but `machines`.
 * @throws FleetError when there are none
 */
export function machinesOf(text: string, path: string): unknown {
  const file = parse(text) as (StackFile & { machines?: unknown }) | null;
  const fleet = file?.config?.[FLEET_KEY] as { machines?: unknown } | undefined;
  const machines = fleet?.machines ?? file?.machines;
  if (machines !== undefined) return machines;
  throw new FleetError(`${path} names no machines.`, {
    kept: "everything; nothing was touched.",
    next: `write them as in a stack's file: config, "${FLEET_KEY}", machines; or "machines" alone`,
    exitCode: exitCodes.usage,
  });
}

/** Changes to the fleet's value, by path; undefined takes a key out. */
export type Changes = readonly (readonly [path: readonly string[], value: unknown])[];

/**
 * The same file with some keys of the fleet changed; the salt and encrypted values stay as they are.
 * @throws FleetError when the file doesn't configure the fleet
 */
export function withChanges(text: string, changes: Changes): string {
  const document = parseDocument(text);
  if (!isMap(document.getIn(["config", FLEET_KEY]))) {
    throw new FleetError("the machines aren't in the stack's file: the program names them itself.", {
      kept: "everything; nothing was touched.",
      next: "recover without --machines, and give the program other machines",
      exitCode: exitCodes.usage,
    });
  }
  for (const [path, value] of changes) {
    const whole = ["config", FLEET_KEY, ...path];
    if (value === undefined) document.deleteIn(whole);
    else document.setIn(whole, document.createNode(value));
  }
  return document.toString({ lineWidth: 0 });
}
