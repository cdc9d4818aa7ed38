/** What a switch, and going back, must start and stop. Pure. */
import type { Observed } from "./systemd.ts";

export interface SwitchPlan {
  /** The generation to go back to; undefined when nothing was ever confirmed. */
  back: string | undefined;
  /** Whether the wanted generation has to be started; it is asked for its health in any case. */
  start: boolean;
  /** Generations to be stopped once the wanted one is healthy. */
  stop: string[];
}

export function planSwitch(wanted: string, observed: Observed, confirmed: string | undefined): SwitchPlan {
  const start = !observed.running.includes(wanted);
  const stop = observed.active.filter((generation) => generation !== wanted);
  return { back: confirmedGeneration(observed.enabled, confirmed), start, stop };
}

/**
 * The generation that counts: what systemd has enabled. Two are enabled only when a confirm was cut short;
 * then the record decides, as writing it is the confirm's one decisive step.
 */
export function confirmedGeneration(enabled: string[], recorded: string | undefined): string | undefined {
  return recorded !== undefined && enabled.includes(recorded) ? recorded : enabled[0];
}

export interface BackPlan {
  /** To be running before anything is stopped; undefined when there is nothing to go back to. */
  start: string | undefined;
  stop: string[];
  /** Without a confirmed generation the app is taken down whole, or its socket would wake it again. */
  takeDown: boolean;
}

export function planBack(observed: Observed, confirmed: string | undefined): BackPlan {
  const back = confirmedGeneration(observed.enabled, confirmed);
  return {
    start: back !== undefined && !observed.running.includes(back) ? back : undefined,
    stop: observed.active.filter((generation) => generation !== back),
    takeDown: back === undefined,
  };
}
