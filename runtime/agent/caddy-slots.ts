/**
 * Renders the part of Caddy's configuration that balances over an app's slots. Pure.
 *
 * Which slots take requests is told by files (`runtime/slots.ts`). Caddy asks itself: the health check of each upstream goes
 * to a server of the same configuration, which looks for the file. That server is on a port, as a check can't be sent to a
 * unix socket (tried with 2.11.9: the address becomes a URL's host, where no slash may be).
 */
import { LISTED_CHECK_TIMEOUT_MS, listedFolder, type Slots, slotAddress, slotNumbers, UPSTREAM_IDLE_MS } from "../slots.ts";

/** Carries the upstream's address in a check. */
const UPSTREAM_HEADER = "X-Fleetwright-Upstream";

/** The name of Caddy's logger for checks. */
const CHECK_LOGGER = "http.handlers.reverse_proxy.health_checker.active";

/**
 * A slot that stays listed though nobody is there (its supervisor was killed) has the fewest requests at any time, so that it
 * would be chosen first, again and again: at 300 requests/s one waited for 18 s, with this 0.2 s. Several failures, as a
 * request that makes a server drop its connection counts, too, and a few of those must not take away a worker.
 */
const PASSIVE = { fail_duration: "1s", max_fails: 5 } as const;

export interface ProxyParts {
  upstreams: object[];
  selection_policy?: object;
  health_checks?: object;
  /** For how long an idle connection to an upstream is kept. */
  idleTimeout: string;
}

/**
 * The parts of a `reverse_proxy` handler that differ from those for one shared socket.
 * @param checkMs each handler does its own checks
 */
export function slotsProxy(slots: Slots, checkMs: number): ProxyParts {
  return {
    upstreams: slotNumbers(slots).map((slot) => ({ dial: dialAddress(slots, slot) })),
    // Not round robin: a worker that is stuck would go on getting its share of the requests until it is found out. Tried
    // with one of two stopped for 3 s at 100 requests/s: 8 waited for it, with round robin 224.
    selection_policy: { policy: "least_conn" },
    health_checks: {
      active: {
        uri: "/",
        upstream: checkAddress(slots),
        headers: { [UPSTREAM_HEADER]: ["{http.reverse_proxy.active.target_upstream}"] },
        interval: `${checkMs}ms`,
        timeout: `${LISTED_CHECK_TIMEOUT_MS}ms`,
      },
      passive: PASSIVE,
    },
    idleTimeout: `${UPSTREAM_IDLE_MS}ms`,
  };
}

/** Answers the checks: 200 for an upstream whose file is there. */
export function listedServer(slots: Slots): object {
  const listed = slotNumbers(slots).map((slot) => ({
    header: { [UPSTREAM_HEADER]: [dialAddress(slots, slot)] },
    file: { root: listedFolder(slots), try_files: [`/${slot}`] },
  }));
  return {
    listen: [checkAddress(slots)],
    routes: [
      { match: listed, handle: [{ handler: "static_response", status_code: 200 }], terminal: true },
      { handle: [{ handler: "static_response", status_code: 503 }] },
    ],
    automatic_https: { disable: true },
  };
}

/** A check that finds no file is no news, and each is a line: only what is wrong with checking itself is told. */
export function slotsLogs(): object {
  return { default: { exclude: [CHECK_LOGGER] }, checks: { include: [CHECK_LOGGER], level: "ERROR" } };
}

function dialAddress(slots: Slots, slot: number): string {
  const address = slotAddress(slots, slot);
  return address.kind === "port" ? `127.0.0.1:${address.port}` : `unix/${address.path}`;
}

function checkAddress({ portBase }: Slots): string {
  return `127.0.0.1:${portBase}`;
}
