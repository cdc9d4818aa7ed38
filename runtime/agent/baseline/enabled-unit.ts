/** A unit that a part of the baseline has on: enabled, and running what its files say. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Agent } from "../context.ts";
import { linkIfChanged } from "../files.ts";
import { systemctl, unitState } from "../systemd.ts";
import type { Moment } from "./part.ts";

export interface EnabledUnit {
  unit: string;
  /** Which target wants it. */
  target: string;
}

/** At a boot only its link is made or removed, as systemd starts what is enabled by itself. */
export async function switchUnit(agent: Agent, { unit, target }: EnabledUnit, on: boolean, moment: Moment): Promise<void> {
  // What `systemctl enable` makes.
  const link = join(agent.paths.wants(target), unit);
  if (on) await linkIfChanged(link, agent.paths.unit(unit));
  else await rm(link, { force: true });
  if (moment === "boot") return;
  if (!on && !["inactive", "failed"].includes((await unitState(agent, unit)).active)) await systemctl(agent, "stop", unit);
  await systemctl(agent, "daemon-reload");
  if (on) await systemctl(agent, "restart", unit);
}

/** For people; none when it runs. */
export async function lackingUnit(agent: Pick<Agent, "run">, unit: string): Promise<string[]> {
  const { active } = await unitState(agent, unit);
  return active === "active" ? [] : [`${unit} doesn't run`];
}
