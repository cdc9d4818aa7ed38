/** Ctrl-C and TERM while nothing is under way that has to be brought to an end first. */
import { exitCodes } from "../errors.ts";

/**
 * Ends the process at the first signal, with its last words.
 * @returns puts an end to that: who listens by the end of that turn of the event loop hears the signals, and none gets lost between
 */
export function endWhenInterrupted(lastWords: () => readonly string[]): () => void {
  let leftToOthers = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      if (leftToOthers) return;
      for (const line of lastWords()) process.stderr.write(`${line}\n`);
      process.exit(exitCodes.interrupted);
    });
  }
  return () => {
    leftToOthers = true;
  };
}
