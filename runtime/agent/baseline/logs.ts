/** The journal's lines of the app and around it, shipped to CloudWatch Logs. */
import { rm } from "node:fs/promises";
import { logsJob } from "../../logs/job.ts";
import { renderHardening } from "../hardening.ts";
import { pathsUnder, unitNames } from "../paths.ts";
import { unitMark } from "../units.ts";
import { lackingUnit, switchUnit } from "./enabled-unit.ts";
import type { BaselinePart } from "./part.ts";

const SERVICE = { unit: unitNames.logs, target: "multi-user.target" };

export const logs: BaselinePart = {
  name: "logs",
  mayLockOut: false,
  asked: ({ cloudwatch }) => cloudwatch?.logs !== undefined,
  files: (paths) => [
    { path: paths.logsJob, mode: 0o644, text: (manifest) => logsJob(manifest) ?? "" },
    { path: paths.unit(unitNames.logs), mode: 0o644, text: renderLogsUnit },
  ],
  activate: async (agent, on, moment) => {
    await switchUnit(agent, SERVICE, on, moment);
    // Turned on again later, it begins anew, not with what was in between.
    if (!on && moment === "now") for (const path of agent.paths.logsState) await rm(path, { recursive: true, force: true });
  },
  lacks: (agent) => lackingUnit(agent, SERVICE.unit),
};

/** Keys and files that a reader of logs has no business with. */
const HIDDEN = [
  "/etc/fleetwright/tls",
  "/etc/shadow",
  "/etc/gshadow",
  "/etc/ssh",
  "/srv",
  "/var/lib/fleetwright-caddy",
  "/run/credentials",
];

/**
 * It reads the journal, and the secrets, to take them out; it may change nothing but its own state, and is nobody whom others would
 * let do something. Ordered before Caddy, and before the app by the app's unit, so that it ends after them; it waits for no network, or
 * they would.
 */
export function renderLogsUnit(): string {
  const confinement = { capabilities: "CAP_DAC_READ_SEARCH", addressFamilies: "AF_UNIX AF_INET AF_INET6", hidden: HIDDEN };
  return `${unitMark}
[Unit]
Description=Fleetwright: ships the journal's lines to CloudWatch Logs
After=network.target nss-lookup.target
Before=${unitNames.caddy}
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart=/opt/fleetwright/current/bin/fleethost ship-logs --job ${pathsUnder().logsJob}
DynamicUser=yes
StateDirectory=fleetwright-logs
StateDirectoryMode=0700
Restart=always
RestartSec=5s
TimeoutStopSec=30s
KillMode=mixed
MemoryMax=256M
OOMScoreAdjust=200
${renderHardening({ ...confinement, readsSecrets: true })}
[Install]
WantedBy=multi-user.target
`;
}
