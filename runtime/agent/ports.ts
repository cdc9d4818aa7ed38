/** Who listens on a port, from /proc alone: `ss` isn't on every machine. */
import { readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import { readIfThere } from "./files.ts";

export interface Listener {
  protocol: "tcp" | "udp";
  port: number;
  /** Undefined when the process can't be seen (another container's, for example). */
  pid: number | undefined;
  /** The process's name. */
  command: string;
  /** The systemd unit it belongs to, or an empty text. */
  unit: string;
}

/** `st` of a listening TCP socket, and of a UDP socket without a peer (proc_net_tcp.txt; the kernel's tcp_states.h). */
const LISTENING = { tcp: "0A", udp: "07" } as const;

/** The sockets in the text of /proc/net/tcp, tcp6, udp or udp6 that wait for clients; pure. */
export function parseListeners(text: string, protocol: "tcp" | "udp"): { port: number; inode: string }[] {
  return text
    .split("\n")
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === LISTENING[protocol])
    .map((fields) => ({
      port: Number.parseInt(fields[1]?.split(":")[1] ?? "", 16),
      inode: fields[9] ?? "",
    }));
}

/** The unit in the text of /proc/PID/cgroup, on cgroup v1 and v2; pure. */
export function unitOfCgroup(text: string): string {
  const units = text.split("\n").flatMap((line) => line.match(/[^/]+\.service(?=$|\/)/g) ?? []);
  return units.at(-1) ?? "";
}

/** Everything that listens on one of these ports. @param proc Another folder in tests. */
export async function listenersOn(wanted: { protocol: "tcp" | "udp"; port: number }[], proc = "/proc"): Promise<Listener[]> {
  const found: { protocol: "tcp" | "udp"; port: number; inode: string }[] = [];
  for (const protocol of ["tcp", "udp"] as const) {
    for (const file of [protocol, `${protocol}6`]) {
      const sockets = parseListeners((await readIfThere(join(proc, "net", file))) ?? "", protocol);
      const taken = sockets.filter(({ port }) => wanted.some((want) => want.protocol === protocol && want.port === port));
      found.push(...taken.map((socket) => ({ protocol, ...socket })));
    }
  }
  if (found.length === 0) return [];
  const owners = await socketOwners(new Set(found.map(({ inode }) => inode)), proc);
  return Promise.all(
    found.map(async ({ protocol, port, inode }) => ({
      protocol,
      port,
      ...(await describe(owners.get(inode), proc)),
    })),
  );
}

async function describe(pid: number | undefined, proc: string): Promise<Pick<Listener, "pid" | "command" | "unit">> {
  if (pid === undefined) return { pid, command: "", unit: "" };
  const read = async (file: string) => (await readIfThere(join(proc, String(pid), file)).catch(() => "")) ?? "";
  return {
    pid,
    command: (await read("comm")).trim(),
    unit: unitOfCgroup(await read("cgroup")),
  };
}

async function socketOwners(inodes: Set<string>, proc: string): Promise<Map<string, number>> {
  const owners = new Map<string, number>();
  for (const pid of (await readdir(proc)).filter((name) => /^\d+$/.test(name))) {
    const folder = join(proc, pid, "fd");
    // Processes end while we look: what can't be read any more holds nothing.
    for (const fd of await readdir(folder).catch(() => [])) {
      const inode = /^socket:\[(\d+)\]$/.exec(await readlink(join(folder, fd)).catch(() => ""))?.[1];
      if (inode !== undefined && inodes.has(inode)) owners.set(inode, Number(pid));
    }
  }
  return owners;
}
