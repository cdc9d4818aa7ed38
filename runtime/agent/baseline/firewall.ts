/** What a machine lets in: one table of nftables, loaded at boot before the network is up. Other tables are never touched. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Agent } from "../context.ts";
import { AgentFailure } from "../failure.ts";
import { linkIfChanged, readIfThere } from "../files.ts";
import { unitNames } from "../paths.ts";
import { systemctl, unitState } from "../systemd.ts";
import { LIST, renderFirewall, renderFirewallUnit, TABLE } from "./firewall-rules.ts";
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
  lacks,
};

async function load(agent: Agent, moment: Moment): Promise<void> {
  const { paths } = agent;
  await linkIfChanged(enabledLink(agent), paths.unit(unitNames.firewall));
  // A boot waits for no job of systemd's.
  if (moment === "boot") {
    await rm(paths.firewallListing, { force: true });
    return nft(agent, "-f", paths.firewall);
  }
  // Its words are at hand here, and in a journal only when the unit loads them.
  await nft(agent, "--check", "-f", paths.firewall);
  await systemctl(agent, "daemon-reload");
  await systemctl(agent, "reload-or-restart", unitNames.firewall);
}

async function nft({ run }: Agent, ...args: string[]): Promise<void> {
  const { code, stderr } = await run("nft", args);
  if (code === 0) return;
  throw new AgentFailure("hardening", `nft refuses the firewall's rules: ${stderr.trim() || `exit code ${code}`}`, {
    next: "See nft(8); hardening.firewall: false leaves the machine's own rules alone.",
  });
}

async function lacks({ run, paths }: Pick<Agent, "run" | "paths">): Promise<string[]> {
  const { code, stdout } = await run("nft", [...LIST]);
  if (code !== 0) return ["the firewall's rules are not loaded"];
  const loaded = await readIfThere(paths.firewallListing);
  return loaded === undefined || loaded.trim() === stdout.trim() ? [] : ["the firewall's rules were changed"];
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
