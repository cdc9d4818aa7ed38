/** What commands about a group at AWS share: a plan on standard input, progress on standard error, the result on standard output. */
import { setTimeout as sleep } from "node:timers/promises";
import { exitCodes, FleetError } from "../errors.ts";
import type { Pace } from "../groups/patience.ts";

/** @param divisor of every pause; for tests */
export function paceFor(fleet: string, signal: AbortSignal, divisor: number): Pace {
  return {
    say: (line) => void process.stderr.write(`${fleet}: ${line}\n`),
    signal,
    sleep: (ms) => sleep(ms / divisor, undefined, { signal }).catch(() => undefined),
    nowMs: () => performance.now() * divisor,
  };
}

/** @returns the exit code */
export async function carryOut({ say }: Pace, work: () => Promise<object>): Promise<number> {
  try {
    process.stdout.write(JSON.stringify(await work()));
    return exitCodes.ok;
  } catch (error) {
    if (!(error instanceof FleetError)) throw error;
    say(error.message);
    return error.exitCode;
  }
}
