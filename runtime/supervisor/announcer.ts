/** Tells the log and systemd what the supervisor is at. */
import type { FailedBoot } from "./crew.ts";
import type { Log } from "./log.ts";
import { type Notifier, reloadingAssignments } from "./notify.ts";

export interface AnnouncerEffects {
  readonly notifier: Notifier;
  readonly log: Log["log"];
  /** CLOCK_MONOTONIC in nanoseconds, for systemd. */
  hrtimeNs(): bigint;
}

export class Announcer {
  readonly #effects: AnnouncerEffects;

  constructor(effects: AnnouncerEffects) {
    this.#effects = effects;
  }

  started(pid: number): void {
    this.#effects.log("info", `Started parent process [${pid}]`);
  }

  /** It serves: for the first time, or after a reload that has succeeded or failed. */
  serving(level: "info" | "error", text: string): void {
    this.#effects.log(level, text);
    this.#effects.notifier.send("READY=1", `STATUS=${text.split("\n")[0]}`);
  }

  reloading(epoch: number): void {
    this.#effects.log("info", "Reloading: one worker at a time, the new one first", { epoch });
    this.#effects.notifier.send(...reloadingAssignments(this.#effects.hrtimeNs()), "STATUS=Reloading");
  }

  stopping(text: string): void {
    this.#effects.log("info", text);
    this.#effects.notifier.send("STOPPING=1", `STATUS=${text}`);
  }

  givingUp(everReady: boolean, failure: FailedBoot): void {
    const what = everReady ? "Every worker fails again and again, and none is ready" : "No worker became ready";
    this.#effects.log("error", `${what}: the last one ${lastWords(failure)}`);
    this.stopping("Giving up");
  }

  alive(): void {
    this.#effects.notifier.send("WATCHDOG=1");
  }
}

/** Goes on from "a new worker". */
export function lastWords({ how, tail }: FailedBoot): string {
  return tail.length === 0 ? how : [`${how}. Its last lines:`, ...tail].join("\n  | ");
}
