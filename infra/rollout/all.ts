/** For many machines at once. */
import { FleetError } from "../errors.ts";

/**
 * Runs `action` for all at once, waits for every one, then throws what went wrong.
 * @param quiet failures that are a consequence of another one, and not worth telling beside it
 */
export async function all<T>(
  items: readonly T[],
  action: (item: T) => Promise<unknown>,
  quiet: (error: Error) => boolean = () => false,
): Promise<void> {
  const outcomes = await Promise.allSettled(items.map(action));
  const failures = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as Error] : []));
  const causes = failures.filter((failure) => !quiet(failure));
  if (failures.length > 0) throw combined(causes.length > 0 ? causes : failures);
}

function combined(failures: readonly Error[]): Error {
  const [first] = failures;
  if (failures.length === 1 || !(first instanceof FleetError)) return first ?? new Error("unknown failure");
  return new FleetError(failures.map((failure) => failure.message).join("\n"), { exitCode: first.exitCode });
}
