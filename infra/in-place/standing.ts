/** How far a machine with a name has come, before a release can be sent to it. Pure. */

/** Nobody waits for what is `stopped` or `gone`. */
export type State = "starting" | "unreached" | "reached" | "stopped" | "gone";

export interface Standing {
  name: string;
  /** The instance's id. */
  id: string;
  state: State;
}

/** @param instance its state in EC2's words; undefined when EC2 has none. @param reached whether Systems Manager hears its agent */
export function standingOf(instance: string | undefined, reached: boolean): State {
  if (instance === undefined || instance === "terminated" || instance === "shutting-down") return "gone";
  if (instance === "pending") return "starting";
  if (instance !== "running") return "stopped";
  return reached ? "reached" : "unreached";
}

/** For people. */
export const standingWords: Readonly<Record<State, string>> = {
  starting: "starts",
  unreached: "runs; Systems Manager doesn't reach it yet",
  reached: "Systems Manager reaches it",
  stopped: "is stopped",
  gone: "is gone",
};
