/** What a supervisor is to do, and what it does it with. */
import type { RecycleConfig } from "../manifest.ts";
import type { AnnouncerEffects } from "./announcer.ts";
import type { CrewEffects } from "./crew.ts";
import type { Bounds } from "./scaling.ts";
import type { Sizing } from "./sizing.ts";
import type { TimeLimits } from "./worker-states.ts";

export interface SupervisorEffects extends CrewEffects, AnnouncerEffects {
  /** A reload begins: from now on there is code of this epoch. Throws when it can't be found. */
  openEpoch(epoch: number): void;
  /** Memory of a process in MiB (PSS); null when it can't be read. */
  memoryMiB(pid: number): number | null;
  /** Once the workers have closed theirs, a late client is refused at once, not left in a queue that nobody serves. */
  stopListening(): void;
}

export interface SupervisorSettings {
  readonly pid: number;
  readonly sizing: Sizing;
  /** Starts with this many; scaling brings the rest. */
  readonly startWith: number;
  readonly bounds: Bounds;
  readonly limits: TimeLimits;
  readonly recycle?: RecycleConfig | undefined;
  /** Null: systemd watches nobody. */
  readonly watchdogIntervalMs: number | null;
  /** Where it listens, for people. */
  readonly where: string;
}
