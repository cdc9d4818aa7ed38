/** The agent's commands for a machine's baseline: `harden`, `keep-hardening`, `unharden`. */
import type { Command } from "commander";
import { milliseconds } from "../command-words.ts";
import type { Agent } from "../context.ts";
import { takeLock } from "../lock.ts";
import type { AddWithManifest } from "../rollout-commands.ts";
import { requireHold } from "../hold.ts";
import { endTrial, harden, keepChange } from "./harden.ts";

/** Longer than any one change: the timer must come to its turn. */
const UNDO_PATIENCE_MS = 120_000;

export function registerBaselineCommands(add: AddWithManifest): void {
  add("harden", "Makes the machine's baseline (firewall, SSH, …) what the manifest says.", true, async (agent, manifest, options) => {
    await requireHold(agent, manifest.app.name, options.rollout);
    const result = await harden(agent, manifest, options.trialMs);
    for (const name of result.changed) agent.report.step("hardening", `${name} is in effect`);
    return result;
  })
    .option("--rollout <id>", "the rollout that this is a part of, and that holds this machine")
    .option("--trial-ms <n>", "goes back by itself after this long, unless kept; for good without it", milliseconds);
  add("keep-hardening", "Ends the trial of a baseline that a new login came through.", true, async (agent, { app }, { rollout, trial }) => {
    await requireHold(agent, app.name, rollout);
    await keepChange(agent, trial);
    return {};
  })
    .requiredOption("--rollout <id>", "the rollout that this is a part of")
    .requiredOption("--trial <id>", "what harden has named it");
}

/** For the timer: no manifest is at hand. */
export function registerUnharden(program: Command, makeAgent: (json: boolean) => Agent): void {
  program
    .command("unharden")
    .description("Puts back the baseline that a trial has changed, unless a new login came through.")
    .requiredOption("--trial <id>", "what harden has named it")
    .action(async ({ trial }: { trial: string }) => {
      const agent = makeAgent(false);
      await using _lock = await takeLock(agent, "unharden", UNDO_PATIENCE_MS);
      for (const name of await endTrial(agent, trial)) agent.report.step("hardening", `${name} is as before: no new login came`);
    });
}
