/** `fleet in-place`: brings a release to a group's machines, by the plan on standard input. */
import { text } from "node:stream/consumers";
import { inPlaceApi } from "../in-place/api.ts";
import { bringInPlace } from "../in-place/drive.ts";
import { inPlacePlanSchema } from "../in-place/plan.ts";
import { carryOut, paceFor } from "./group-work.ts";
import { interruption } from "./interruption.ts";

/** @param pace divides every pause; for tests */
export async function releaseInPlace({ pace: divisor = 1 }: { pace?: number }): Promise<number> {
  const signal = interruption("what is on trial goes back");
  const plan = inPlacePlanSchema.parse(JSON.parse(await text(process.stdin)));
  const pace = paceFor(plan.fleet, signal, divisor);
  return carryOut(pace, () => bringInPlace(plan, inPlaceApi(plan), pace));
}
