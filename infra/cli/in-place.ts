/** `fleet in-place`: a plan on standard input, progress on standard error, the result on standard output. */
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { exitCodes, FleetError } from "../errors.ts";
import { inPlaceApi } from "../in-place/api.ts";
import { bringInPlace } from "../in-place/drive.ts";
import { inPlacePlanSchema } from "../in-place/plan.ts";
import { interruption } from "./interruption.ts";

/** @param pace divides every pause; for tests */
export async function releaseInPlace({ pace = 1 }: { pace?: number }): Promise<number> {
  const signal = interruption();
  const plan = inPlacePlanSchema.parse(JSON.parse(await text(process.stdin)));
  const say = (line: string): void => void process.stderr.write(`${plan.fleet}: ${line}\n`);
  try {
    const result = await bringInPlace(plan, inPlaceApi(plan), {
      say,
      signal,
      sleep: (ms) => sleep(ms / pace, undefined, { signal }).catch(() => undefined),
      nowMs: () => performance.now() * pace,
    });
    process.stdout.write(JSON.stringify(result));
    return exitCodes.ok;
  } catch (error) {
    if (!(error instanceof FleetError)) throw error;
    say(error.message);
    return error.exitCode;
  }
}
