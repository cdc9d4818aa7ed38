/** What a machine lets in: one table of nftables, loaded at boot before the network is up. Other tables are never touched. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Agent } from "../context.ts";
import { AgentFailure } from "../failure.ts";
import { linkIfChanged } from "../files.ts";
import { unitNames } from "../paths.ts";
import { systemctl, unitState } from "../systemd.ts";
import { renderFirewall, renderFirewallUnit, TABLE } from "./firewall-rules.ts";
import type { BaselinePart, Moment } from "./part.ts";

export const firewall: BaselinePart = {
  name: "firewall",
  mayLockOut: true,
  asked: ({ hardening }) => hardening?.firewall !== undefined,
  files: (paths) => [
    { path: paths.firewall, mode: 0o644, text: (manifest, { sshPorts }) => renderFirewall(manifest, sshPorts) },
    { path: paths.unit(unitNames.firewall), mode: 0o644, text: renderFirewallUnit },
  ],
  activate: (agent, on, moment) => (on ? load(agent, moment) : unload(agent, moment)),
  lacks: async ({ run }) => ((await run("nft", ["-t", "list", "table", ...TABLE])).code === 0 ? [] : ["the firewall's rules are not loaded"]),
};

/** By `nft` itself: its words are at hand, and a boot waits for no job. */
async function load(agent: Agent, moment: Moment): Promise<void> {
  const { paths, run } = agent;
  await linkIfChanged(enabledLink(agent), paths.unit(unitNames.firewall));
  const { code, stderr } = await run("nft", ["-f", paths.firewall]);
  if (code !== 0) {
    throw new AgentFailure("hardening", `nft refuses the firewall's rules: ${stderr.trim() || `exit code ${code}`}`, {
      next: "See nft(8); hardening.firewall: false leaves the machine's own rules alone.",
    });
  }
  if (moment === "boot") return;
  await systemctl(agent, "daemon-reload");
  if ((await unitState(agent, unitNames.firewall)).active !== "active") await systemctl(agent, "start", unitNames.firewall);
}

async function unload(agent: Agent, moment: Moment): Promise<void> {
  const { run } = agent;
  await rm(enabledLink(agent), { force: true });
  if (moment === "now") {
    if ((await unitState(agent, unitNames.firewall)).active === "active") await systemctl(agent, "stop", unitNames.firewall);
    await systemctl(agent, "daemon-reload");
  }
  // Also where somebody had loaded it without the unit; there may be none.
  await run("nft", ["delete", "table", ...TABLE]);
}

/** What `systemctl enable` makes. */
const enabledLink = ({ paths }: Pick<Agent, "paths">): string => join(paths.wants("sysinit.target"), unitNames.firewall);
