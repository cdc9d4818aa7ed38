/** Renders how Caddy hands requests to an app. Pure. */
import type { Manifest } from "../manifest.ts";
import { type Slots, slotsOf } from "../slots.ts";
import { clientHeaders } from "./caddy-client.ts";
import { type ProxyParts, slotsProxy } from "./caddy-slots.ts";
import { appSocketPath } from "./units.ts";

/**
 * How long a request waits while the app's socket takes no connection (its queue is full, or it is just
 * being made); and how often it is tried in that time.
 */
const DIAL_RETRY = { try_duration: "10s", try_interval: "100ms" } as const;

/** For the machine's own questions, which may wait: each check costs, so there are fewer of them. */
export const LOCAL_CHECK_MS = 2_000;

/** Below the 5 s after which uvicorn closes an idle connection: a request sent just then is lost if it is no GET. */
const SHARED_IDLE = "4s";

export const slotsIn = ({ app }: Manifest): Slots | undefined => slotsOf(app.name, app.processes[0].command);

export interface ProxyOptions {
  /** How often each address is checked; each handler does its own checks. */
  checkMs: number;
  /** By clients: the app is told who asks, and connections to its workers are kept for the next request. */
  asked: "by clients" | "by ourselves";
}

export function proxy(manifest: Manifest, { checkMs, asked }: ProxyOptions): object {
  const slots = slotsIn(manifest);
  const { upstreams, idleTimeout, selection_policy, health_checks } =
    slots === undefined ? sharedProxy(manifest.app.name) : slotsProxy(slots, checkMs);
  return {
    handler: "reverse_proxy",
    upstreams,
    load_balancing: {
      ...(selection_policy && { selection_policy }),
      ...DIAL_RETRY,
      // Connections that can't be made are always tried again. Without a matcher Caddy repeats failed GETs too:
      // one that kills its worker would then kill them all. No request has this method.
      retry_match: [{ method: ["FLEETWRIGHT-NEVER"] }],
    },
    ...(health_checks && { health_checks }),
    ...(asked === "by clients" && { headers: clientHeaders }),
    transport: {
      protocol: "http",
      dial_timeout: "3s",
      // A connection of our own that is kept would have the worker that is to end wait for its next request, at every switch.
      keep_alive: asked === "by clients" ? { enabled: true, max_idle_conns_per_host: 256, idle_timeout: idleTimeout } : { enabled: false },
    },
  };
}

function sharedProxy(app: string): ProxyParts {
  return { upstreams: [{ dial: `unix/${appSocketPath(app)}` }], idleTimeout: SHARED_IDLE };
}
