/** `fleet refresh`: replaces a group's machines, by the plan on standard input. */
import { text } from "node:stream/consumers";
import { groupApi } from "../refresh/api.ts";
import { refresh } from "../refresh/drive.ts";
import { refreshPlanSchema } from "../refresh/plan.ts";
import { carryOut, paceFor } from "./group-work.ts";
import { interruption } from "./interruption.ts";

/** @param pace divides every pause; for tests */
export async function refreshGroup({ pace: divisor = 1 }: { pace?: number }): Promise<number> {
  const signal = interruption("a refresh that has begun goes on at AWS");
  const plan = refreshPlanSchema.parse(JSON.parse(await text(process.stdin)));
  const pace = paceFor(plan.fleet, signal, divisor);
  return carryOut(pace, () => refresh(plan, groupApi(plan), pace));
}
