/** What the supervisor's loop takes, one at a time. */
import type { Detail } from "./crew.ts";
import type { LifecycleEvent } from "./lifecycle.ts";
import type { Answer } from "./reloads.ts";
import type { TimerEvent } from "./timers.ts";
import type { WorkerEvent } from "./worker-states.ts";

export type Event =
  | { readonly kind: "lifecycle"; readonly event: LifecycleEvent }
  | { readonly kind: "reload"; readonly answer: Answer }
  | { readonly kind: "scale"; readonly workers: number; readonly answer: Answer }
  | { readonly kind: "worker"; readonly id: number; readonly event: WorkerEvent; readonly detail: Detail | undefined }
  | TimerEvent;
