/** What an operator says for one run only, and no plan holds: it reaches the rollout through the environment. */

/** Takes the machines from another rollout that holds them, if it is "1". */
export const TAKE_OVER_VARIABLE = "FLEETWRIGHT_TAKE_OVER";
/** Names of steps to run again although nobody knows how far they came, separated by commas. */
export const REPEAT_ONCE_VARIABLE = "FLEETWRIGHT_REPEAT_ONCE";
/** A file that gets a rollout's events, a line of JSON each, added to what is there. */
export const EVENTS_VARIABLE = "FLEETWRIGHT_EVENTS";

/** Names the file with what a recovery pins; see `recovery/pins.ts`. */
export const PINS_VARIABLE = "FLEETWRIGHT_PINS";

export interface Overrides {
  takeOver: boolean;
  repeatOnce: string[];
  eventsFile: string | undefined;
  /** Whether the rollout is part of a recovery. */
  recovers: boolean;
}

/** Pure. */
export function overridesOf(environment: NodeJS.ProcessEnv): Overrides {
  return {
    takeOver: environment[TAKE_OVER_VARIABLE] === "1",
    repeatOnce: (environment[REPEAT_ONCE_VARIABLE] ?? "").split(",").filter((name) => name !== ""),
    eventsFile: environment[EVENTS_VARIABLE] || undefined,
    recovers: Boolean(environment[PINS_VARIABLE]),
  };
}

/** The command line's wishes as variables. Pure. */
export function overrideVariables({ takeOver, repeatOnce }: { takeOver?: boolean; repeatOnce?: string }): Record<string, string> {
  return {
    ...(takeOver === true ? { [TAKE_OVER_VARIABLE]: "1" } : {}),
    ...(repeatOnce === undefined ? {} : { [REPEAT_ONCE_VARIABLE]: repeatOnce }),
  };
}
