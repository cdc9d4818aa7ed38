/** The library: `import { Fleet } from "fleetwright"`. */
export type {
  AppArgs,
  FleetArgs,
  HealthArgs,
  HostArgs,
  HostsArgs,
  HttpsArgs,
  LocalMachinesArgs,
  LoginArgs,
  RolloutArgs,
  SecretArgs,
  WorkersArgs,
} from "./args.ts";
export { FleetError } from "./errors.ts";
export { Fleet } from "./fleet.ts";
export type { Inventory } from "./inventory.ts";
