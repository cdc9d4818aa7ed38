/** How a release gets onto the machines, as a program gives it. */

export interface RolloutArgs {
  /**
   * How many machines are switched at the same time, after the first one alone: a number, or a part of the fleet such as "25%",
   * rounded up. @default "25%"
   */
  batch?: number | string;
  /** Between two batches; those that were switched are asked for their health again after it. @default 0 */
  pauseMs?: number;
  /** A machine that doesn't answer for this long is unreachable. @default 10000 */
  connectTimeoutMs?: number;
  /** A machine goes back by itself when the rollout hasn't spoken to it for this long. @default 30000 */
  leaseMs?: number;
  /**
   * `auto`: a new generation starts all its workers beside the old ones where memory allows, and worker by worker where it
   * doesn't. `one`: always worker by worker, so that there is never more than one too many.
   * @default "auto"
   */
  surge?: "auto" | "one";
  /** Go on without up to this many unreachable machines. @default 0 */
  maxUnreachable?: number;
  /** Names of machines to leave out of this rollout if they are unreachable. @default [] */
  skip?: string[];
}
