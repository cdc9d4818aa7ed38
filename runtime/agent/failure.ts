/** An expected failure of the agent, in the shape that `report.ts` promises. */
import { agentExit } from "../report.ts";

export type AgentExitCode = (typeof agentExit)[keyof typeof agentExit];

/** Told to people, so no stack trace. The fields are those of the `failed` event. */
export class AgentFailure extends Error {
  override readonly name = "AgentFailure";
  readonly step: string;
  /** What the machine runs now; filled in by whoever knows, when the thrower doesn't. */
  kept: string;
  next: string;
  log: string[];
  readonly exitCode: AgentExitCode;

  constructor(
    step: string,
    what: string,
    about: {
      kept?: string;
      next?: string;
      log?: string[];
      exitCode?: AgentExitCode;
    } = {},
  ) {
    super(what);
    this.step = step;
    this.kept = about.kept ?? "";
    this.next = about.next ?? "";
    this.log = about.log ?? [];
    this.exitCode = about.exitCode ?? agentExit.failed;
  }
}

/** Any thrown value as a failure: an unexpected one keeps its message, never its stack. */
export function asFailure(error: unknown, step: string): AgentFailure {
  if (error instanceof AgentFailure) return error;
  const what = error instanceof Error ? error.message : String(error);
  if (["ENOSPC", "EDQUOT"].includes((error as NodeJS.ErrnoException | undefined)?.code ?? ""))
    return new AgentFailure(step, `the disk is full (${what})`, { next: "Make room on the machine (df -h), then run the same again." });
  return new AgentFailure(step, what, {
    next: "This is not one of the failures the agent knows. Run the same again; report it if it stays.",
  });
}
