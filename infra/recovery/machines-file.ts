/** The file that `--machines` names. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { exitCodes, FleetError } from "../errors.ts";
import { machinesOf } from "./stack-text.ts";

/** Where it is: npm's scripts run in the project's folder, wherever somebody has typed. */
export function machinesPath(given: string): string {
  return resolve(process.env.INIT_CWD ?? process.cwd(), given);
}

/**
 * @param path absolute
 * @param given as it was typed, for people
 * @throws FleetError when it can't be read, is no YAML, or names no machines
 */
export function readMachines(path: string, given: string): unknown {
  try {
    return machinesOf(readFileSync(path, "utf8"), given);
  } catch (error) {
    if (error instanceof FleetError) throw error;
    const [why] = (error as Error).message.split("\n");
    throw new FleetError(`the machines' file ${given} can't be read: ${why}`, {
      kept: "everything; nothing was touched.",
      next: "mend that, or name another file: --machines FILE, such as Pulumi.dr.yaml",
      exitCode: exitCodes.usage,
    });
  }
}
