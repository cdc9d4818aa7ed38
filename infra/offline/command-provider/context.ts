/** What one operation is given: where to log, and when to stop. */
export interface Context {
  /** A line for the person who watches; the engine shows it beside the resource while it is under way. */
  log(line: string): void;
  /** A line that stays in the output. */
  warn(line: string): void;
  /** Aborted when the update is cancelled, the resource's time-out has passed, or the engine is gone. */
  signal: AbortSignal;
}

/** What went to the standard streams; one trailing newline is taken off. */
export interface Streams {
  stdout: string;
  stderr: string;
}
