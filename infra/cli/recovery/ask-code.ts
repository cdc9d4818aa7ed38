/** Asks for the recovery code, on the terminal or in the environment. */
import { exitCodes, FleetError } from "../../errors.ts";
import { readRecoveryCode } from "../../recovery/code.ts";
import { question } from "../question.ts";

/** Takes the recovery code where nobody can be asked. */
export const CODE_VARIABLE = "FLEETWRIGHT_RECOVERY_CODE";

/** @throws FleetError when there is nobody to ask, or what was typed is no code */
export async function askCode(): Promise<string> {
  const given = process.env[CODE_VARIABLE];
  if (given !== undefined && given !== "") return readRecoveryCode(given);
  if (process.stdin.isTTY !== true) {
    throw new FleetError("there is nobody to ask for the recovery code.", {
      kept: "everything; nothing was opened.",
      next: `run it on a terminal, or set ${CODE_VARIABLE}.`,
      exitCode: exitCodes.usage,
    });
  }
  return readRecoveryCode(await question("Recovery code: ", "everything; nothing was opened."));
}
