/** SSH by key only: a file of sshd's own configuration. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Agent } from "../context.ts";
import { AgentFailure } from "../failure.ts";
import { systemctl } from "../systemd.ts";
import { unitMark } from "../units.ts";
import type { BaselinePart } from "./part.ts";

/**
 * sshd takes the first value that it finds (sshd_config(5)), and the folder by name: ours comes before a cloud's. Whether root may log in
 * is not ours to say: a machine may be stricter, and without passwords it takes a key anyway.
 */
const CONFIG = `${unitMark}
PasswordAuthentication no
KbdInteractiveAuthentication no
`;

/** What `sshd -T` then says, in its own spelling. */
const EFFECTIVE = ["passwordauthentication no", "kbdinteractiveauthentication no"];

export const sshd: BaselinePart = {
  name: "sshKeysOnly",
  mayLockOut: true,
  asked: ({ hardening }) => hardening?.sshKeysOnly === true,
  files: (paths) => [{ path: paths.sshdConfig, mode: 0o644, text: () => CONFIG }],
  activate: async (agent, on, moment) => {
    if (moment === "boot") return;
    await check(agent);
    await systemctl(agent, "try-reload-or-restart", "ssh.service");
    const [lack] = on ? await sshd.lacks(agent) : [];
    if (lack === undefined) return;
    throw new AgentFailure("hardening", lack, {
      next: "Something in /etc/ssh/sshd_config comes before its Include line: mend that, or set hardening.sshKeysOnly: false.",
    });
  },
  lacks: async (agent) => {
    const said = (await ask(agent, "-T")).stdout.split("\n");
    return EFFECTIVE.every((line) => said.includes(line)) ? [] : ["SSH lets in by password"];
  },
};

async function check(agent: Agent): Promise<void> {
  const { code, stderr } = await ask(agent, "-t");
  if (code === 0) return;
  throw new AgentFailure("hardening", `sshd refuses its configuration: ${stderr.trim()}`, {
    next: "Mend /etc/ssh/sshd_config (sshd -t says more), then run the same again.",
  });
}

/** The ports that sshd listens on; 22 where it can't be asked. */
export async function sshdPorts(agent: Pick<Agent, "run" | "paths">): Promise<number[]> {
  const { stdout } = await ask(agent, "-T");
  const ports = [...stdout.matchAll(/^port (\d+)$/gm)].map((match) => Number(match[1]));
  return ports.length === 0 ? [22] : ports;
}

/** sshd wants its folder there, which its service makes. */
async function ask({ run, paths }: Pick<Agent, "run" | "paths">, flag: "-t" | "-T") {
  await mkdir(join(paths.runtimeFolders, "sshd"), { recursive: true, mode: 0o755 });
  return run("/usr/sbin/sshd", [flag]);
}
