/** An API whose calls are made again where that may help; how a release that is interrupted ends. */
import { TRIAL_LEASE_MS } from "../aws/in-place-script.ts";
import { exitCodes, FleetError } from "../errors.ts";
import { type Pace, persist, unanswered } from "../groups/patience.ts";
import type { InPlaceApi } from "./api.ts";
import { type InPlacePlan, whole } from "./plan.ts";

export const LOOK_EVERY_MS = 5_000;

/** What a machine does whose release nobody confirms. */
export const BY_ITSELF = `a machine that has the new release on trial goes back by itself in ${TRIAL_LEASE_MS / 60_000} minutes`;

/** The same calls, each of them patient. */
export function patient({ group, region, ...plan }: InPlacePlan, api: InPlaceApi, pace: Pace): InPlaceApi {
  const about = { of: `${whole(plan)} ${group}`, region, takesUp: "what runs", kept: `all machines serve; ${BY_ITSELF}` };
  const patience = { everyMs: LOOK_EVERY_MS, giveUp: unanswered.bind(undefined, about) };
  const calls = Object.entries(api).map(([name, call]: [string, (...given: never[]) => Promise<unknown>]) => {
    return [name, (...given: never[]) => persist(pace, patience, () => call(...given))];
  });
  return Object.fromEntries(calls) as InPlaceApi;
}

/** The operator asked to stop. */
export class Stopped extends FleetError {
  constructor() {
    super("the release was interrupted.", {
      kept: `machines that had it on trial were told to go back; who can't be told does so by itself in ${TRIAL_LEASE_MS / 60_000} minutes`,
      next: "run the same command again when you are ready.",
      exitCode: exitCodes.interrupted,
    });
  }
}
