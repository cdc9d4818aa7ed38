/** Which stack is meant, where there is only a store. */
import { exitCodes, FleetError } from "../../errors.ts";
import { whenEmpty } from "../../recovery/choose.ts";
import type { StackName } from "../../recovery/store/layout.ts";
import type { RecoveryStore } from "../../recovery/store/store.ts";

/** @throws FleetError naming those that are in the store, when it isn't among them, or in several projects */
export async function stackInStore(store: RecoveryStore, stack: string): Promise<StackName> {
  const all = await store.stacks();
  const [first, ...others] = all.filter((name) => name.stack === stack || `${name.project}/${name.stack}` === stack);
  if (first !== undefined && others.length === 0) return first;
  const there = all.map(({ project, stack: name }) => `${project}/${name}`);
  throw new FleetError(`the store ${store.url} has ${first === undefined ? "no" : "more than one"} stack "${stack}".`, {
    kept: "everything.",
    next: there.length === 0 ? whenEmpty(store.url) : `name one that is there: --stack ${there.join(", ")}`,
    exitCode: exitCodes.usage,
  });
}
