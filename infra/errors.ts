/**
 * An expected failure, told to a person: no stack trace is shown for it.
 * Says what happened (and on which machine), what was left as it is, and what to do next.
 */
export class FleetError extends Error {
  override readonly name = "FleetError";
  readonly machine: string | undefined;
  readonly kept: string | undefined;
  readonly next: string | undefined;
  /** Last lines of a log that show the cause. */
  readonly log: readonly string[];
  readonly exitCode: number;
  readonly #what: string;
  /**
   * By this mark Pulumi knows its own RunError, whose message it shows without a stack trace (`RunError.isInstance` in
   * @pulumi/pulumi/errors). The class itself would load the whole SDK into every command.
   */
  readonly __pulumiRunError = true;

  constructor(what: string, about: { machine?: string; kept?: string; next?: string; log?: readonly string[]; exitCode?: number } = {}) {
    const lines = [
      about.machine === undefined ? what : `${about.machine}: ${what}`,
      ...(about.log ?? []).map((line) => `  | ${line}`),
      ...(about.kept === undefined ? [] : [`Left as it is: ${about.kept}`]),
      ...(about.next === undefined ? [] : [`What to do: ${about.next}`]),
    ];
    const text = lines.join("\n");
    super(text);
    // Pulumi writes "error serializing property …" before the message of an error that comes out of a resource's inputs.
    Object.defineProperty(this, "message", { get: () => text, set: () => undefined });
    this.#what = what;
    this.machine = about.machine;
    this.kept = about.kept;
    this.next = about.next;
    this.log = about.log ?? [];
    this.exitCode = about.exitCode ?? exitCodes.failed;
  }

  /** The same, saying what was left as it is: for whoever knows it better than the thrower, whose own word counts. */
  keeping(kept: string): FleetError {
    return new FleetError(this.#what, { kept, ...definedOf(this) });
  }
}

function definedOf({ machine, kept, next, log, exitCode }: FleetError) {
  return {
    ...(machine === undefined ? {} : { machine }),
    ...(kept === undefined ? {} : { kept }),
    ...(next === undefined ? {} : { next }),
    log,
    exitCode,
  };
}

/** Exit codes of the `fleet` command; the README's table is the same. */
export const exitCodes = {
  ok: 0,
  /** It failed; the message says what every machine runs now. */
  failed: 1,
  /** Wrong command line or configuration; nothing was touched. */
  usage: 2,
  /** `fleet drift`: a machine isn't as it was confirmed. */
  drift: 2,
  /** Done, but machines that could not be reached were left out. */
  partial: 3,
  /** The fleet is as wanted, but a recovery store was not filled; the message says which and why. */
  notPutBy: 4,
  /** Stopped by Ctrl-C or TERM; what had been switched was put back. */
  interrupted: 130,
} as const;
