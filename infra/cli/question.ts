/** One question on the terminal. */
import { createInterface } from "node:readline/promises";
import { exitCodes, FleetError } from "../errors.ts";

/**
 * @param kept what an end at the question leaves as it is
 * @throws FleetError when Ctrl-C or Ctrl-D is the answer
 */
export async function question(text: string, kept: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await lines.question(text)).trim();
  } catch (error) {
    if ((error as Error).name !== "AbortError") throw error;
    // What is told must not stand in the question's own line.
    process.stderr.write("\n");
    throw new FleetError("interrupted at the question.", { kept, next: "run the same command again", exitCode: exitCodes.interrupted });
  } finally {
    lines.close();
  }
}
