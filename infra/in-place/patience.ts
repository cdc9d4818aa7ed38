/** Calls to AWS that are made again where that may help, and told to people where it doesn't. */
import { exitCodes, FleetError } from "../errors.ts";
import { type Trouble, troubleOf } from "../refresh/trouble.ts";
import type { InPlaceApi } from "./api.ts";
import type { InPlacePlan } from "./plan.ts";
import { TRIAL_LEASE_MS } from "../aws/in-place-script.ts";

export interface Pace {
  say: (line: string) => void;
  /** Aborted when the operator asks to stop. */
  signal: AbortSignal;
  /** Waits; sooner when the signal is aborted. */
  sleep: (ms: number) => Promise<void>;
  nowMs: () => number;
}

export const LOOK_EVERY_MS = 5_000;
/** So long AWS may be out of reach. */
const PATIENCE_MS = 300_000;

/** The same calls, each of them patient. */
export function patient(plan: InPlacePlan, api: InPlaceApi, pace: Pace): InPlaceApi {
  const calls = Object.entries(api).map(([name, call]: [string, (...given: never[]) => Promise<unknown>]) => {
    return [name, (...given: never[]) => persist(plan, pace, () => call(...given))];
  });
  return Object.fromEntries(calls) as InPlaceApi;
}

async function persist<T>(plan: InPlacePlan, { say, sleep, signal, nowMs }: Pace, ask: () => Promise<T>): Promise<T> {
  const startedMs = nowMs();
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const trouble = troubleOf(error);
      if (trouble !== "passing" || signal.aborted || nowMs() - startedMs > PATIENCE_MS) throw unanswered(plan, trouble, error as Error);
      say(`AWS doesn't answer just now (${(error as Error).name}: ${(error as Error).message}); asking again`);
      await sleep(LOOK_EVERY_MS);
    }
  }
}

/** What a machine does whose release nobody confirms. */
export const BY_ITSELF = `a machine that has the new release on trial goes back by itself in ${TRIAL_LEASE_MS / 60_000} minutes`;

function unanswered({ group, region }: InPlacePlan, trouble: Trouble, error: Error): FleetError {
  const what: Record<Trouble, string> = {
    login: "AWS doesn't take the credentials (any more)",
    passing: `AWS gave no answer for ${PATIENCE_MS / 60_000} minutes`,
    refused: "AWS refuses",
  };
  const next: Record<Trouble, string> = {
    login: "log in again (aws sso login, or new AWS_… variables), then run the same command: it takes up what runs.",
    passing: "see that AWS can be reached, then run the same command: it takes up what runs.",
    refused: "mend what AWS says, then run the same command again.",
  };
  return new FleetError(`${what[trouble]}, asked about the group ${group} in ${region}: ${error.name}: ${error.message}`, {
    kept: `all machines serve; ${BY_ITSELF}`,
    next: next[trouble],
  });
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
