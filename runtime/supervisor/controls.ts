/** What can be asked of a running supervisor; the control socket offers it to others. */
import type { Outcome, SupervisorStatus } from "../supervisor-report.ts";

export interface Controls {
  status(): SupervisorStatus;
  /** A rolling reload. One that is under way may have started with older code, so that one more follows it: its outcome counts. */
  reload(): Promise<Outcome>;
  /**
   * Adds or drains workers until there are this many; done when all of them are ready and the others have ended.
   * @param workers from 1 to the configured maximum
   */
  scale(workers: number): Promise<Outcome>;
}
