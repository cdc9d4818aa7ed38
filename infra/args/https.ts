/** How a fleet answers the outside, as a program gives it. */

export interface HttpsArgs {
  /**
   * `internal`: each machine has a certificate authority of its own, and the fleet's `caBundle` output verifies them all.
   * `none`: plain HTTP, for machines behind a balancer.
   * @default "internal"
   */
  mode?: "internal" | "none";
  /** Domain names beside the machine's address. @default [] */
  domains?: string[];
  /** @default 80 */
  httpPort?: number;
  /** @default 443 */
  httpsPort?: number;
}
