/** What an app's slots, its workers and the fleet's ports must agree on. Pure. */
import type { WorkersConfig } from "../../runtime/manifest.ts";
import { DEFAULT_PORT_BASE, DEFAULT_SLOTS } from "../../runtime/slots.ts";
import { type EntryKeys, listenOf } from "./app-rules.ts";
import type { Finding } from "./finding.ts";

/** The manifest's limits; what is beyond them is told by the schema. */
const MOST_SLOTS = 64;
const HIGHEST_PORT = 65_535;
const LOWEST_PORT = 1_024;

type Ports = { httpPort: number; httpsPort: number };

export function slotFindings(app: EntryKeys, workers: WorkersConfig, https: Ports): Finding[] {
  const listen = app.command === undefined ? undefined : listenOf(app);
  const { slots = DEFAULT_SLOTS, portBase = DEFAULT_PORT_BASE } = app;
  if (listen === undefined || listen === "fd" || slots < 2 || slots > MOST_SLOTS || portBase < LOWEST_PORT) return [];
  const last = listen === "port" ? portBase + slots : portBase;
  return [...tooFew(slots, workers), ...tooHigh(slots, portBase), ...taken(portBase, last, https)];
}

/** A new generation starts beside the old one, each worker on an address of its own. */
function tooFew(slots: number, { count, min = 1, max = min }: WorkersConfig): Finding[] {
  const most = count === "auto" ? max : count;
  if (2 * most <= slots) return [];
  const mend = 2 * most <= MOST_SLOTS ? `make it ${2 * most} or more` : `no more than ${MOST_SLOTS / 2} workers can have a slot`;
  return [{ path: ["app", "slots"], message: `is ${slots}, too few for two generations of ${most} workers side by side: ${mend}` }];
}

function tooHigh(slots: number, portBase: number): Finding[] {
  if (portBase + slots <= HIGHEST_PORT) return [];
  return [{ path: ["app", "portBase"], message: `is ${portBase}; with ${slots} slots it can be ${HIGHEST_PORT - slots} at most` }];
}

function taken(first: number, last: number, https: Ports): Finding[] {
  return (["httpPort", "httpsPort"] as const)
    .filter((key) => https[key] >= first && https[key] <= last)
    .map((key) => ({
      path: ["https", key],
      message: `${https[key]} is among the ports of the app's slots (${first} to ${last}): choose another, or another "app.portBase"`,
    }));
}
