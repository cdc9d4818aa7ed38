/** Calls to AWS that are made again where that may help, and told to people where it doesn't. */
import { FleetError } from "../errors.ts";
import { type Trouble, troubleOf } from "./trouble.ts";

export interface Pace {
  say: (line: string) => void;
  /** Aborted when nobody waits any more. */
  signal: AbortSignal;
  /** Waits; sooner when the signal is aborted. */
  sleep: (ms: number) => Promise<void>;
  nowMs: () => number;
}

/** So long AWS may be out of reach. */
const PATIENCE_MS = 300_000;

export interface Patience {
  /** Between two tries. */
  everyMs: number;
  /** What is thrown when it isn't asked again. */
  giveUp: (trouble: Trouble, error: Error) => Error;
}

/** Asks again what may pass; the time is counted from the last answer. @throws what {@link Patience.giveUp} makes of it */
export async function persist<T>({ say, sleep, signal, nowMs }: Pace, { everyMs, giveUp }: Patience, ask: () => Promise<T>): Promise<T> {
  const startedMs = nowMs();
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const trouble = troubleOf(error);
      if (trouble !== "passing" || signal.aborted || nowMs() - startedMs > PATIENCE_MS) throw giveUp(trouble, error as Error);
      say(`AWS doesn't answer just now (${(error as Error).name}: ${(error as Error).message}); asking again`);
      await sleep(everyMs);
    }
  }
}

export interface Unanswered {
  /** Which machines it is about, such as "group web-1234567". */
  of: string;
  region: string;
  /** What the same command goes on with, such as "the refresh that runs". */
  takesUp: string;
  kept: string;
}

export function unanswered({ of, region, takesUp, kept }: Unanswered, trouble: Trouble, error: Error): FleetError {
  const what: Record<Trouble, string> = {
    login: "AWS doesn't take the credentials (any more)",
    passing: `AWS gave no answer for ${PATIENCE_MS / 60_000} minutes`,
    refused: "AWS refuses",
  };
  const next: Record<Trouble, string> = {
    login: `log in again (aws sso login, or new AWS_… variables), then run the same command: it takes up ${takesUp}.`,
    passing: `see that AWS can be reached, then run the same command: it takes up ${takesUp}.`,
    refused: "mend what AWS says, then run the same command again.",
  };
  const about = `asked about the ${of} in ${region}: ${error.name}: ${error.message}`;
  return new FleetError(`${what[trouble]}, ${about}`, { kept, next: next[trouble] });
}
