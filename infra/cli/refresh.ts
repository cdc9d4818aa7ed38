/** `fleet refresh`: a plan on standard input, progress on standard error, the result on standard output. */
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { exitCodes, FleetError } from "../errors.ts";
import { groupApi } from "../refresh/api.ts";
import { refresh } from "../refresh/drive.ts";
import { refreshPlanSchema } from "../refresh/plan.ts";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** @param pace divides every pause; for tests */
export async function refreshGroup({ pace = 1 }: { pace?: number }): Promise<number> {
  const controller = new AbortController();
  for (const signal of signals) process.on(signal, () => controller.abort());
  const plan = refreshPlanSchema.parse(JSON.parse(await text(process.stdin)));
  const say = (line: string): void => void process.stderr.write(`${plan.fleet}: ${line}\n`);
  try {
    const result = await refresh(plan, groupApi(plan), {
      say,
      signal: controller.signal,
      sleep: (ms) => sleep(ms / pace, undefined, { signal: controller.signal }).catch(() => undefined),
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
