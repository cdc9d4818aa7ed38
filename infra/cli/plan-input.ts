/** The plan as it comes in on standard input, and what of it must never be printed. Pure. */
import { exitCodes, FleetError } from "../errors.ts";
import { type Plan, planSchema } from "../rollout/plan.ts";

/**
 * JSON's own errors repeat a piece of the text, which holds secrets.
 * @throws FleetError with exit code 2 when the text is not whole
 */
export function readPlan(input: string): Plan {
  let value: unknown;
  try {
    value = JSON.parse(input);
  } catch {
    throw new FleetError("the plan on standard input is not whole.", {
      kept: "everything; nothing was changed.",
      next: "run the same command again.",
      exitCode: exitCodes.usage,
    });
  }
  return planSchema.parse(value);
}

/** The app's secrets, the keys of their versions, and the keys of logins. */
export function confidentialIn({ secrets, machines }: Plan): string[] {
  const keys = machines.flatMap(({ secretKey, transport }) => [secretKey, transport.privateKey, transport.bastion?.privateKey]);
  return [...Object.values(secrets ?? {}), ...keys.filter((key) => key !== undefined)];
}
