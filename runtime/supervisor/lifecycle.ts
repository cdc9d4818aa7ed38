/** The supervisor's own life, as a total table. Pure: what an action does is supervisor.ts's business. */

/**
 * `booting` until every wanted worker was ready once; `running`; `reloading` while old workers are replaced one by one;
 * `stopping` until the last worker has gone, after which the process ends.
 */
export type Lifecycle = "booting" | "running" | "reloading" | "stopping";

export type LifecycleEvent =
  /** TERM or INT. */
  | "stop"
  /** QUIT. */
  | "force"
  /** HUP. */
  | "reload"
  /** TTIN. */
  | "grow"
  /** TTOU. */
  | "shrink"
  /** Every wanted worker is ready. */
  | "settled"
  /** The rolling reload has replaced all workers. */
  | "rolled"
  /** A replacement of the rolling reload did not become ready. */
  | "rollFailed"
  /** Too many failed boots and no worker ever ready; or every slot fails again and again, and none is ready. */
  | "giveUp"
  /** No worker process is left. */
  | "empty";

export type LifecycleAction =
  | "none"
  | "drainAll"
  | "killAll"
  | "startReload"
  /** One more reload follows when this one, or the boot, is over: however many HUPs came meanwhile. */
  | "queueReload"
  | "addSlot"
  | "removeSlot"
  | "announceReady"
  | "announceRolled"
  | "announceRollFailed"
  | "abandon"
  | "finish";

export interface LifecycleCell {
  readonly next: Lifecycle;
  readonly action: LifecycleAction;
}

const to = (next: Lifecycle, action: LifecycleAction = "none"): LifecycleCell => ({ next, action });

export const lifecycleTable: Readonly<Record<Lifecycle, Readonly<Record<LifecycleEvent, LifecycleCell>>>> = {
  booting: {
    stop: to("stopping", "drainAll"),
    force: to("stopping", "killAll"),
    reload: to("booting", "queueReload"),
    grow: to("booting", "addSlot"),
    shrink: to("booting", "removeSlot"),
    settled: to("running", "announceReady"),
    rolled: to("booting"),
    rollFailed: to("booting"),
    giveUp: to("stopping", "abandon"),
    empty: to("booting"),
  },
  running: {
    stop: to("stopping", "drainAll"),
    force: to("stopping", "killAll"),
    reload: to("reloading", "startReload"),
    grow: to("running", "addSlot"),
    shrink: to("running", "removeSlot"),
    settled: to("running"),
    rolled: to("running"),
    rollFailed: to("running"),
    giveUp: to("stopping", "abandon"),
    empty: to("running"),
  },
  reloading: {
    stop: to("stopping", "drainAll"),
    force: to("stopping", "killAll"),
    reload: to("reloading", "queueReload"),
    grow: to("reloading", "addSlot"),
    shrink: to("reloading", "removeSlot"),
    settled: to("reloading"),
    rolled: to("running", "announceRolled"),
    rollFailed: to("running", "announceRollFailed"),
    giveUp: to("stopping", "abandon"),
    empty: to("reloading"),
  },
  stopping: {
    stop: to("stopping", "killAll"),
    force: to("stopping", "killAll"),
    reload: to("stopping"),
    grow: to("stopping"),
    shrink: to("stopping"),
    settled: to("stopping"),
    rolled: to("stopping"),
    rollFailed: to("stopping"),
    giveUp: to("stopping"),
    empty: to("stopping", "finish"),
  },
};

/** What each signal means; all other signals keep what Node or the kernel does with them. */
export const signalMeaning = {
  SIGTERM: "stop",
  SIGINT: "stop",
  SIGQUIT: "force",
  SIGHUP: "reload",
  SIGTTIN: "grow",
  SIGTTOU: "shrink",
} as const satisfies Partial<Record<NodeJS.Signals, LifecycleEvent>>;

export type HandledSignal = keyof typeof signalMeaning;
