/** The library: `import { Fleet } from "fleetwright"`. */
export type {
  AlarmArgs,
  AppArgs,
  AutoscalingArgs,
  AwsNetworkArgs,
  Ec2AlarmsArgs,
  Ec2Args,
  Ec2InstanceArgs,
  Ec2SshArgs,
  FleetArgs,
  HealthArgs,
  HostArgs,
  HostsArgs,
  HttpsArgs,
  InPlaceArgs,
  LocalMachinesArgs,
  LoginArgs,
  RefreshArgs,
  RolloutArgs,
  SecretArgs,
  WorkersArgs,
} from "./args.ts";
export { type AwsCheckOptions, checkAws, exportedResources } from "./aws/rules/check.ts";
export { clashes, type StackGraph } from "./aws/rules/clashes.ts";
export type { GraphFinding, GraphResource } from "./aws/rules/graph.ts";
export { FleetError } from "./errors.ts";
export { Fleet } from "./fleet.ts";
export type { Inventory } from "./inventory.ts";
export type { ArtifactsPlace } from "./outputs.ts";
