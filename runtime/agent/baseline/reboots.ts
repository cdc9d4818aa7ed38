/** Restarts in a window: a timer that asks the agent at the beginning of this machine's slot. */
import type { Manifest } from "../../manifest.ts";
import { unitNames } from "../paths.ts";
import { slotCalendar } from "../reboots/window.ts";
import { unitMark } from "../units.ts";
import { lackingUnit, switchUnit } from "./enabled-unit.ts";
import type { BaselinePart } from "./part.ts";

const TIMER = { unit: unitNames.rebootTimer, target: "timers.target" };

export const reboots: BaselinePart = {
  name: "reboots",
  mayLockOut: false,
  asked: ({ hardening }) => hardening?.reboots !== undefined,
  files: (paths) => [
    { path: paths.unit(unitNames.reboot), mode: 0o644, text: renderRebootUnit },
    { path: paths.unit(unitNames.rebootTimer), mode: 0o644, text: renderRebootTimer },
  ],
  activate: (agent, on, moment) => switchUnit(agent, TIMER, on, moment),
  lacks: (agent) => lackingUnit(agent, TIMER.unit),
};

/** No time-out: it waits within its slot for a rollout to end. */
export function renderRebootUnit({ app }: Pick<Manifest, "app">): string {
  return `${unitMark}
[Unit]
Description=Fleetwright: restarts this machine in its time, where that is due
After=${unitNames.converge}

[Service]
Type=exec
ExecStart=/opt/fleetwright/current/bin/fleethost reboot-if-due --app ${app.name}
`;
}

/** Also soon after a boot, and after a change of the window: to look how it came back, and at the slot that is on. */
export function renderRebootTimer({ hardening }: Pick<Manifest, "hardening">): string {
  const window = hardening?.reboots;
  if (window === undefined) throw new Error("a timer without a window");
  return `${unitMark}
[Unit]
Description=Fleetwright: this machine's time to restart, where that is due

[Timer]
OnCalendar=${slotCalendar(window)}
OnActiveSec=20s
AccuracySec=1s

[Install]
WantedBy=timers.target
`;
}
