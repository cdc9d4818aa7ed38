/** Asks before a recovery touches what is alive. */
import { createInterface } from "node:readline/promises";
import { exitCodes, FleetError } from "../errors.ts";

/** @throws FleetError when the answer is no, or there is nobody to ask */
export async function agree(touches: readonly string[], yes: boolean): Promise<void> {
  if (touches.length === 0 || yes) return;
  for (const line of touches) process.stderr.write(`ALIVE: ${line}\n`);
  const answer = process.stdin.isTTY ? await ask('Go on? Only "yes" does: ') : "";
  if (answer === "yes") return;
  throw new FleetError("NOT RECOVERED: what is alive was not to be touched.", {
    log: touches,
    kept: "everything; no machine was touched.",
    next: "run it again with --yes if that is what you want; --check only looks",
    exitCode: exitCodes.usage,
  });
}

async function ask(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await lines.question(question)).trim();
  } finally {
    lines.close();
  }
}
