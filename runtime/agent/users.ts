/** The system users of an app and of Caddy. */
import { readFile } from "node:fs/promises";
import type { Agent } from "./context.ts";
import { AgentFailure } from "./failure.ts";
import { writeIfChanged } from "./files.ts";
import { renderUsers } from "./machine-units.ts";

/** Makes the users that are missing. */
export async function ensureUsers(agent: Agent, app: string): Promise<void> {
  await writeIfChanged(agent.paths.sysusers, renderUsers(app), { mode: 0o644 });
  const { code, stderr } = await agent.run("systemd-sysusers", [agent.paths.sysusers]);
  if (code !== 0)
    throw new AgentFailure("users", `the system users can't be made: ${stderr.trim()}`, {
      next: "See systemd-sysusers(8), then run the same again.",
    });
}

/** Number of a group in /etc/group, where sysusers puts it. */
export async function groupId(group: string): Promise<number> {
  const line = (await readFile("/etc/group", "utf8")).split("\n").find((entry) => entry.startsWith(`${group}:`));
  const id = Number(line?.split(":")[2]);
  if (!Number.isInteger(id))
    throw new AgentFailure("users", `the group ${group} is missing`, {
      next: "Run the same again: the agent makes it.",
    });
  return id;
}

/** Numbers of a user and its group in /etc/passwd. */
export async function userId(user: string): Promise<[uid: number, gid: number]> {
  const line = (await readFile("/etc/passwd", "utf8")).split("\n").find((entry) => entry.startsWith(`${user}:`));
  const [uid, gid] = (line?.split(":") ?? []).slice(2, 4).map(Number);
  if (uid !== undefined && gid !== undefined) return [uid, gid];
  throw new AgentFailure("users", `the user ${user} is missing`, {
    next: "Run the same again: the agent makes it.",
  });
}
