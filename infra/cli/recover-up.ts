/** Runs the program with what the store had, and times what the machines go through. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { EVENTS_VARIABLE, PINS_VARIABLE, TAKE_OVER_VARIABLE } from "../overrides.ts";
import { type PhaseClock, phaseOfEvent, phaseOfLine } from "../recovery/phases.ts";
import { type Outcome, runUp } from "./engine.ts";
import type { Prepared, RecoverOptions } from "./recover-prepared.ts";
import { LOCAL_STACK } from "./stacks.ts";
import { Tail, watchRollout } from "./watch.ts";

const LOOK_EVERY_MS = 50;

export async function rebuild(stack: Stack, prepared: Prepared, clock: PhaseClock, options: RecoverOptions): Promise<Outcome> {
  const { place } = prepared;
  const follow = followEvents(tellProgram(prepared), clock);
  const watch = watchRollout(options);
  const home = process.cwd();
  // As `fleet local` does: the commands in the local stack's state are relative to its folder.
  if (place.stack === LOCAL_STACK) process.chdir(place.folder);
  try {
    const print = (text: string): void => {
      for (const line of text.split("\n")) markLine(clock, line);
      watch.print(text);
    };
    return await runUp(stack, { live: watch.live, print });
  } finally {
    process.chdir(home);
    follow.stop();
    watch.stop();
  }
}

/** Through its environment. @returns where its rollouts write their events */
function tellProgram({ place, pins, resumed }: Prepared): string {
  mkdirSync(place.folder, { recursive: true });
  const file = join(place.folder, "pins.json");
  writeFileSync(file, JSON.stringify(pins));
  process.env[PINS_VARIABLE] = file;
  // A run of before that was killed here may hold machines until its lease has run out.
  if (resumed) process.env[TAKE_OVER_VARIABLE] = "1";
  const given = process.env[EVENTS_VARIABLE];
  const events = given || join(place.folder, "events.jsonl");
  if (!given) rmSync(events, { force: true });
  process.env[EVENTS_VARIABLE] = events;
  return events;
}

function markLine(clock: PhaseClock, line: string): void {
  const phase = phaseOfLine(line);
  if (phase !== undefined) clock.mark(phase);
}

/** Live, on our own clock: the rollout's is of another process. */
function followEvents(path: string, clock: PhaseClock): { stop: () => void } {
  const tail = new Tail(path);
  const look = (): void => {
    for (const line of tail.read()) {
      const phase = phaseOfEvent(JSON.parse(line) as Parameters<typeof phaseOfEvent>[0]);
      if (phase !== undefined) clock.mark(phase);
    }
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  return {
    stop: () => {
      clearInterval(timer);
      look();
    },
  };
}
