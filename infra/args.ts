/** The arguments of `Fleet`, as a program or a stack's configuration gives them. `config/schema.ts` checks them. */
import type { AppArgs, WorkersArgs } from "./args/app.ts";
import type { AutoscalingArgs } from "./args/autoscaling.ts";
import type { Ec2Args } from "./args/aws.ts";
import type { HttpsArgs } from "./args/https.ts";
import type { HardeningArgs } from "./args/hardening.ts";
import type { HostsArgs, LocalMachinesArgs } from "./args/machines.ts";
import type { RolloutArgs } from "./args/rollout.ts";

export type * from "./args/app.ts";
export type * from "./args/autoscaling.ts";
export type * from "./args/hardening.ts";
export type * from "./args/aws.ts";
export type * from "./args/https.ts";
export type * from "./args/machines.ts";
export type * from "./args/rollout.ts";

export interface FleetArgs {
  /** The app that every machine of the fleet serves. */
  app: AppArgs;
  /** Where the machines come from. */
  machines: LocalMachinesArgs | HostsArgs | Ec2Args | AutoscalingArgs;
  /** Workers on each machine. @default "auto": one for each core, counted on the machine when the app starts */
  workers?: "auto" | number | WorkersArgs;
  https?: HttpsArgs;
  /** What of each machine's own baseline the fleet keeps. @default all of it */
  hardening?: HardeningArgs;
  rollout?: RolloutArgs;
}
