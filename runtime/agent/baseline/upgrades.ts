/** Security upgrades by themselves: what apt and unattended-upgrades are told. Both bring their own timers. */
import { access } from "node:fs/promises";
import type { Agent } from "../context.ts";
import { unitMark } from "../units.ts";
import type { BaselinePart } from "./part.ts";

/** Of Debian's package unattended-upgrades. */
export const UPGRADE_PROGRAM = "/usr/bin/unattended-upgrade";
const TIMERS = ["apt-daily.timer", "apt-daily-upgrade.timer"];

/**
 * Read after the package's own file, 50unattended-upgrades, whose origins are cleared: only security updates, of Debian, come by
 * themselves. Restarts are `hardening.reboots`' affair. Old kernels go, or /boot fills up. apt.conf(5)
 */
export function renderUpgrades(): string {
  return `${unitMark}
#clear Unattended-Upgrade::Origins-Pattern;
#clear Unattended-Upgrade::Allowed-Origins;
Unattended-Upgrade::Origins-Pattern {
  "origin=Debian,codename=\${distro_codename},label=Debian-Security";
  "origin=Debian,codename=\${distro_codename}-security,label=Debian-Security";
};
Unattended-Upgrade::Automatic-Reboot "false";
Unattended-Upgrade::Remove-Unused-Kernel-Packages "true";
Unattended-Upgrade::MinimalSteps "true";
APT::Periodic::Enable "1";
APT::Periodic::Update-Package-Lists "1";
APT::Periodic::Unattended-Upgrade "1";
`;
}

export const upgrades: BaselinePart = {
  name: "upgrades",
  mayLockOut: false,
  asked: ({ hardening }) => hardening?.upgrades !== undefined,
  files: (paths) => [{ path: paths.aptUpgrades, mode: 0o644, text: renderUpgrades }],
  // apt reads its files each time: there is nothing to start.
  activate: async (agent, on) => {
    const note = on ? await upgradesNote(agent) : undefined;
    if (note !== undefined) agent.report.step("hardening", note);
  },
  // What is missing there, no rollout can mend: see `upgradesNote`.
  lacks: async () => [],
};

export const upgradesInstalled = (): Promise<boolean> =>
  access(UPGRADE_PROGRAM).then(
    () => true,
    () => false,
  );

/** Why no upgrades come although they are asked for; undefined where they do. */
export async function upgradesNote({ run }: Pick<Agent, "run">): Promise<string | undefined> {
  if (!(await upgradesInstalled())) return "no security upgrades come by themselves: apt-get install unattended-upgrades";
  for (const timer of TIMERS) {
    const said = (await run("systemctl", ["is-enabled", timer])).stdout.trim();
    if (said !== "enabled" && said !== "static") return `no security upgrades come by themselves: ${timer} is ${said || "not there"}`;
  }
  return undefined;
}
