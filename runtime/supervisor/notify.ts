/** Tells systemd how things stand: sd_notify(3), through `systemd-notify`, as Node has no datagram unix sockets. */
import { execFile } from "node:child_process";
import { log } from "./log.ts";

export interface Notifier {
  /** In order; never rejects. */
  send(...assignments: readonly string[]): void;
  /** Resolves when all that was sent has arrived. */
  flushed(): Promise<void>;
}

/** A `systemd-notify` that hangs must not hold the next one up for ever. */
const NOTIFY_TIMEOUT_MS = 10_000;

/** Does nothing when systemd did not ask for it. */
export function createNotifier(env: NodeJS.ProcessEnv): Notifier {
  let last = Promise.resolve();
  return {
    send(...assignments) {
      if (env.NOTIFY_SOCKET !== undefined) last = last.then(() => exec(assignments));
    },
    flushed: () => last,
  };
}

function exec(assignments: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    execFile("systemd-notify", [...assignments], { timeout: NOTIFY_TIMEOUT_MS }, (error) => {
      if (error !== null) log("warning", `systemd-notify failed, systemd may not know our state: ${error.message.trim()}`);
      resolve();
    });
  });
}

/** sd_notify(3): RELOADING=1 comes with the time of CLOCK_MONOTONIC, which is what Node's hrtime reads. */
export const reloadingAssignments = (hrtimeNs: bigint): readonly string[] => ["RELOADING=1", `MONOTONIC_USEC=${hrtimeNs / 1000n}`];

/**
 * How often to ping: a third of `WatchdogSec=`, in milliseconds. Null when there is no watchdog, or it watches another
 * process (sd_watchdog_enabled(3)).
 */
export function watchdogIntervalMs(env: NodeJS.ProcessEnv, pid: number): number | null {
  const limitUsec = Number(env.WATCHDOG_USEC);
  if (!(limitUsec > 0)) return null;
  if (env.WATCHDOG_PID !== undefined && env.WATCHDOG_PID !== String(pid)) return null;
  return limitUsec / 3000;
}
