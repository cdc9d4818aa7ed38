/** `fleet rollout`: a plan on standard input, progress on standard error, the result on standard output. */
import { text } from "node:stream/consumers";
import { exitCodes, FleetError } from "../errors.ts";
import { drive } from "../rollout/drive.ts";
import { planSchema } from "../rollout/plan.ts";
import { columns } from "../rollout/progress.ts";

export async function rollout(): Promise<number> {
  const plan = planSchema.parse(JSON.parse(await text(process.stdin)));
  const interrupt = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => interrupt.abort());
  const say = columns(
    plan.machines.map(({ name }) => name),
    (line) => process.stderr.write(`${line}\n`),
  );
  try {
    const result = await drive(plan, say, interrupt.signal);
    process.stdout.write(JSON.stringify(result));
    return exitCodes.ok;
  } catch (error) {
    if (!(error instanceof FleetError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return error.exitCode;
  }
}
