/** The program that `pulumi up` and the `fleet` command both run: a stack's configuration in, a fleet and its outputs out. */
import { resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { parseRecoveryConfig, parseStackConfig } from "./config/parse.ts";
import { Fleet } from "./fleet.ts";
import { skippedByCommand } from "./skip.ts";

/**
 * Declares the fleet and returns the stack's outputs.
 * @param folder what the app's folder is relative to: Pulumi runs a program in the program's folder, but people mean the project's
 */
export function deploy(folder: string) {
  const config = new pulumi.Config("fleetwright");
  const { name, ...args } = parseStackConfig(config.getObject("fleet"));
  // Only `fleet up` and its like put anything by; a mistake is told before anything is made all the same.
  parseRecoveryConfig(config.getObject("recovery"));
  const app = { ...args.app, dir: resolve(folder, args.app.dir) };
  const rollout = { ...args.rollout, skip: [...args.rollout.skip, ...skippedByCommand(process.env)] };
  const fleet = new Fleet(name, { ...args, app, rollout });
  return {
    urls: fleet.urls,
    release: fleet.release,
    workers: fleet.workers,
    caBundle: fleet.caBundle,
    skipped: fleet.skipped,
    inventory: fleet.inventory,
    // An output without a value would be warned about.
    ...(fleet.artifacts === undefined ? {} : { artifacts: fleet.artifacts }),
  };
}
