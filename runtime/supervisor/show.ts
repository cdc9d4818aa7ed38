/** `fleethost status` where no app of a fleet runs: supervisors that were started by hand. */
import { type AskExit, askExit, supervisorsOf } from "./ask.ts";
import { ControlFailure } from "./control-client.ts";
import { thisUser } from "./control-path.ts";
import { renderInstances } from "./status-text.ts";

/** Prints it. The JSON is what a machine's status is, and the supervisors beside its apps, of which there are none. */
export async function showSupervisors(options: { readonly json: boolean; readonly control: string | undefined }): Promise<AskExit> {
  try {
    const supervisors = await supervisorsOf(thisUser(), options.control);
    const asJson = (): string => `${JSON.stringify({ schema: 1, apps: [], supervisors })}\n`;
    process.stdout.write(options.json ? asJson() : renderInstances(supervisors) || NOTHING);
    return askExit.ok;
  } catch (error) {
    if (!(error instanceof ControlFailure)) throw error;
    process.stderr.write(`${error.message}\n`);
    return askExit.failed;
  }
}

const NOTHING = "This machine serves nothing for Fleetwright, and this user has no supervisor.\n";
