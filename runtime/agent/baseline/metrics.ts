/** How the machine is, told to CloudWatch: a timer, as AWS can't see a disk or a certificate from outside. */
import { metricsJob } from "../../metrics/job.ts";
import { renderHardening } from "../hardening.ts";
import { pathsUnder, unitNames } from "../paths.ts";
import { unitMark } from "../units.ts";
import { lackingUnit, switchUnit } from "./enabled-unit.ts";
import type { BaselinePart } from "./part.ts";

const TIMER = { unit: unitNames.metricsTimer, target: "timers.target" };

export const metrics: BaselinePart = {
  name: "metrics",
  mayLockOut: false,
  asked: ({ cloudwatch }) => cloudwatch?.metrics !== undefined,
  files: (paths) => [
    { path: paths.metricsJob, mode: 0o644, text: (manifest) => metricsJob(manifest) ?? "" },
    { path: paths.unit(unitNames.metrics), mode: 0o644, text: renderMetricsUnit },
    { path: paths.unit(unitNames.metricsTimer), mode: 0o644, text: renderMetricsTimer },
  ],
  activate: (agent, on, moment) => switchUnit(agent, TIMER, on, moment),
  lacks: (agent) => lackingUnit(agent, TIMER.unit),
};

/** What it asks of the machine, anybody may: it is nobody. */
export function renderMetricsUnit(): string {
  return `${unitMark}
[Unit]
Description=Fleetwright: tells CloudWatch how full the disks are, and how long certificates last
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
ExecStart=/opt/fleetwright/current/bin/fleethost tell-metrics --job ${pathsUnder().metricsJob}
DynamicUser=yes
TimeoutStartSec=180s
# Systemd's own word of each run is noise; what it says itself isn't.
LogLevelMax=notice
SyslogLevel=notice
${renderHardening({ capabilities: "", addressFamilies: "AF_UNIX AF_INET AF_INET6" })}`;
}

/** Soon after a boot, and after each change; then not at the same time on all machines of a fleet. */
export function renderMetricsTimer(): string {
  return `${unitMark}
[Unit]
Description=Fleetwright: tells CloudWatch how full the disks are, and how long certificates last

[Timer]
OnActiveSec=1s
OnUnitInactiveSec=5min
AccuracySec=20s

[Install]
WantedBy=timers.target
`;
}
