/** Asks a fleet that was brought back whether it is what the store said. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { OutputMap } from "@pulumi/pulumi/automation/index.js";
import { parseStackConfig } from "../config/parse.ts";
import { withoutSecrets } from "../recovery/candidates.ts";
import { judgeClocks } from "../recovery/judge.ts";
import type { PhaseClock } from "../recovery/phases.ts";
import { fleetValueOf } from "../recovery/stack-text.ts";
import { type Answer, askFromOutside, verificationProblems } from "../recovery/verify.ts";
import { clocksOf } from "../recovery/sight.ts";
import { askFleet } from "./ask.ts";
import { findInventories } from "./inventories.ts";
import type { Prepared } from "./recover-prepared.ts";
import type { FleetStatus } from "./table.ts";

export interface Verification {
  fleets: FleetStatus[];
  /** A line each; none when all is as it should be. */
  problems: string[];
}

/** @param outputs the stack's */
export async function verifyRecovered(outputs: OutputMap, { pins, place, stackText }: Prepared, clock: PhaseClock): Promise<Verification> {
  const caPem = String(outputs.caBundle?.value ?? "");
  writeFileSync(join(place.folder, "ca.pem"), caPem);
  const inventories = findInventories(Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, value])));
  const probe = probeOf(stackText);
  const fleets: FleetStatus[] = [];
  const problems: string[] = [];
  for (const inventory of inventories) {
    const pin = pins.fleets[inventory.fleet];
    if (pin === undefined) continue;
    const [fleet, clocks] = await Promise.all([askFleet(inventory), clocksOf(inventory.machines)]);
    clock.mark("verification");
    const answers = await firstAnswers(fleet, probe.path, caPem);
    clock.mark("firstAnswer");
    fleets.push(fleet);
    problems.push(...verificationProblems({ fleet, pin, answers, accept: probe.accept }), ...judgeClocks(clocks));
  }
  const missing = Object.keys(pins.fleets).filter((name) => !fleets.some(({ fleet }) => fleet === name));
  return { fleets, problems: [...problems, ...missing.map((name) => `fleet "${name}" is in the store, and not in the stack's outputs`)] };
}

function firstAnswers(fleet: FleetStatus, path: string, caPem: string): Promise<Answer[]> {
  return Promise.all(fleet.machines.map((machine) => askFromOutside(machine, path, caPem)));
}

/** As a rollout asks: a health path must succeed, else any answer that isn't a failure will do. */
function probeOf(stackText: string): { path: string; accept: "success" | "alive" } {
  const value = fleetValueOf(stackText);
  const path = value === undefined ? undefined : parseStackConfig(withoutSecrets(value)).app.health.path;
  return path === undefined ? { path: "/", accept: "alive" } : { path, accept: "success" };
}
