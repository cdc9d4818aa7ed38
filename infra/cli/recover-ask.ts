/** Asks before a recovery touches what is alive. */
import { exitCodes, FleetError } from "../errors.ts";
import { question } from "./question.ts";

const KEPT = "everything; no machine was touched.";

/** @throws FleetError when the answer is no, or there is nobody to ask */
export async function agree(touches: readonly string[], yes: boolean): Promise<void> {
  if (touches.length === 0 || yes) return;
  for (const line of touches) process.stderr.write(`ALIVE: ${line}\n`);
  const answer = process.stdin.isTTY ? await question('Go on? Only "yes" does: ', KEPT) : "";
  if (answer === "yes") return;
  throw new FleetError("NOT RECOVERED: what is alive was not to be touched.", {
    log: touches,
    kept: KEPT,
    next: "run it again with --yes if that is what you want; --check only looks",
    exitCode: exitCodes.usage,
  });
}
