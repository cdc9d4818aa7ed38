/** Machines to leave out if they can't be reached, beside those in the configuration: how `--skip` reaches the program. */
export const SKIP_VARIABLE = "FLEETWRIGHT_SKIP";

/** The names in the variable. */
export function skippedByCommand(environment: NodeJS.ProcessEnv): string[] {
  return (environment[SKIP_VARIABLE] ?? "").split(",").filter((machine) => machine !== "");
}
