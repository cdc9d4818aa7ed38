/** What a fleet's machines tell CloudWatch, for their manifests. */
import * as pulumi from "@pulumi/pulumi";
import type { Cloudwatch } from "../runtime/cloudwatch.ts";
import { METADATA, serviceUrl } from "./aws/places.ts";
import { regionOfNetwork } from "./config/aws/network-rules.ts";
import type { FleetConfig } from "./config/schema.ts";

/** Which fleet of which stack, as on its tags; a named machine has a metric of its own, those of a group count as one. */
export function metricDimensions(fleet: string, machine?: string): Record<string, string> {
  const all = { Fleet: fleet, Stack: `${pulumi.getProject()}/${pulumi.getStack()}` };
  return machine === undefined ? all : { ...all, Machine: machine };
}

/** Of the stack's own: the same fleet of another one, in this region or another, has another. */
export function logGroupName(fleet: string): string {
  return `/fleetwright/${pulumi.getProject()}/${pulumi.getStack()}/${fleet}`;
}

/** Whether the machine itself has certificates whose end somebody should hear of: its own authority's last for hours, by design. */
export function tellsCertificates(mode: FleetConfig["https"]["mode"]): boolean {
  return mode === "acme" || mode === "own";
}

/** @param machine undefined for a group's. @returns undefined where they tell nothing */
export function cloudwatchOf({ machines, https }: FleetConfig, fleet: string, machine?: string): Cloudwatch | undefined {
  if (machines.provider !== "ec2" && machines.provider !== "autoscaling") return undefined;
  if (machines.alarms === undefined && machines.logs === undefined) return undefined;
  const region = regionOfNetwork(machines.network);
  const dimensions = metricDimensions(fleet, machine);
  const metrics = { url: serviceUrl("monitoring", region), dimensions, certificates: tellsCertificates(https.mode) };
  const logs = { url: serviceUrl("logs", region), group: logGroupName(fleet) };
  return {
    region,
    metadataUrl: METADATA,
    ...(machines.alarms === undefined ? {} : { metrics }),
    ...(machines.logs === undefined ? {} : { logs }),
  };
}
