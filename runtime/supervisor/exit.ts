/** How `fleethost run` ends, and the one kind of error that it tells people without a stack trace. */

/** Exit codes of `fleethost run`. */
export const supervisorExit = {
  /** Only after a stop that somebody asked for (TERM, INT, QUIT; forced ones included). */
  stopped: 0,
  /** It could not start: the listening socket, the runtime folder, or a file of the runtime is not usable. */
  cannotStart: 1,
  /** The command line or the generation's manifest is wrong. */
  usage: 2,
  /** No worker ever became ready, so it gave up. 3 is what uvicorn uses for a failed start, too. */
  bootFailed: 3,
  /** Workers were ready once, but by now every slot has failed again and again. */
  gaveUp: 4,
  /** A fault of the supervisor itself (EX_SOFTWARE of sysexits.h). */
  internal: 70,
} as const;

export type SupervisorExit = (typeof supervisorExit)[keyof typeof supervisorExit];

/** An expected failure; its message is all that is shown. */
export class RunFailure extends Error {
  override readonly name = "RunFailure";
  readonly exitCode: SupervisorExit;

  constructor(exitCode: SupervisorExit, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}
