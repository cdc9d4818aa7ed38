/** Restarts in a window: a timer that asks the agent at the beginning of this machine's slot. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Manifest } from "../../manifest.ts";
import type { Agent } from "../context.ts";
import { linkIfChanged } from "../files.ts";
import { unitNames } from "../paths.ts";
import { slotCalendar } from "../reboots/window.ts";
import { systemctl, unitState } from "../systemd.ts";
import { unitMark } from "../units.ts";
import type { BaselinePart } from "./part.ts";

export const reboots: BaselinePart = {
  name: "reboots",
  mayLockOut: false,
  asked: ({ hardening }) => hardening?.reboots !== undefined,
  files: (paths) => [
    { path: paths.unit(unitNames.reboot), mode: 0o644, text: renderRebootUnit },
    { path: paths.unit(unitNames.rebootTimer), mode: 0o644, text: renderRebootTimer },
  ],
  activate: async (agent, on, moment) => {
    if (on) await linkIfChanged(enabledLink(agent), agent.paths.unit(unitNames.rebootTimer));
    else await rm(enabledLink(agent), { force: true });
    if (moment === "boot") return;
    if (!on && (await unitState(agent, unitNames.rebootTimer)).active === "active") await systemctl(agent, "stop", unitNames.rebootTimer);
    await systemctl(agent, "daemon-reload");
    if (on) await systemctl(agent, "restart", unitNames.rebootTimer);
  },
  lacks: async (agent) => {
    const { active } = await unitState(agent, unitNames.rebootTimer);
    return active === "active" ? [] : [`${unitNames.rebootTimer} doesn't run`];
  },
};

/** What `systemctl enable` makes. */
const enabledLink = ({ paths }: Pick<Agent, "paths">): string => join(paths.wants("timers.target"), unitNames.rebootTimer);

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
