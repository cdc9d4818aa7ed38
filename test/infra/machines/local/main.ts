/** Runs the command of local machines in a root folder of its own, and takes everything down whatever happens. */
import { type ChildProcessWithoutNullStreams, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { placeOf } from "../../../../infra/machines/local/place.ts";
import { type Created, type CreateRequest, createdSchema } from "../../../../infra/machines/local/spec.ts";

const MAIN = fileURLToPath(new URL("../../../../infra/machines/local/main.ts", import.meta.url));

export interface Result {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface LocalMachines {
  root: string;
  world: string;
  environment: NodeJS.ProcessEnv;
  /** Starts the command; its session is its own, as if from another terminal. */
  start(args: string[], input?: unknown): ChildProcessWithoutNullStreams;
  run(args: string[], input?: unknown): Promise<Result>;
  /** Fails with all that the command said. */
  create(request: Partial<CreateRequest> & { name: string }): Promise<Created>;
  /** All that this computer shows of the world, asked without our own code. */
  traces(): string[];
  /** Removes the world and the root. */
  close(): void;
}

export function localMachinesIn(world: string): LocalMachines {
  if (process.getuid?.() !== 0) throw new Error("this test makes machines, and needs root for it: run it as root");
  const root = mkdtempSync(join(tmpdir(), "fleetwright-local-"));
  const environment = { ...process.env, FLEETWRIGHT_LOCAL_ROOT: root };

  const close = () => {
    const { status, stderr } = spawnSync(process.execPath, [MAIN, "down", "--world", world], { env: environment, encoding: "utf8" });
    if (status !== 0) throw new Error(`down failed, see ${root}:\n${stderr}`);
    rmSync(root, { recursive: true, force: true });
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      close();
      process.exit(1);
    });
  }

  const start: LocalMachines["start"] = (args, input) => {
    const child = spawn(process.execPath, [MAIN, ...args], { env: environment, detached: true, stdio: ["pipe", "pipe", "pipe"] });
    child.stdin.on("error", () => {});
    child.stdin.end(input === undefined ? "" : JSON.stringify(input));
    return child;
  };
  const run: LocalMachines["run"] = async (args, input) => {
    const child = start(args, input);
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
    return { code: child.exitCode, stdout, stderr };
  };
  const create: LocalMachines["create"] = async (request) => {
    const said = await run(["create"], { world, image: "trixie", cores: 1, createId: "first", ...request });
    if (said.code !== 0) throw new Error(`create failed (${said.code}):\n${said.stderr}`);
    return createdSchema.parse(JSON.parse(said.stdout));
  };
  return { root, world, environment, start, run, create, traces: () => tracesOf(root, world), close };
}

/** Names of ours hold the key or the root folder. */
function tracesOf(root: string, world: string): string[] {
  const { key } = placeOf(world, root);
  const ip = (...args: string[]) => execFileSync("ip", args, { encoding: "utf8" }).split("\n");
  const processes = readdirSync("/proc")
    // Zombies are their parent's to clear away, which is this computer's init.
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid && !/\) Z/.test(readOrEmpty(`/proc/${name}/stat`)))
    .map((pid) => `${pid} ${readOrEmpty(`/proc/${pid}/cmdline`)} ${readOrEmpty(`/proc/${pid}/cgroup`)}`);
  const mounts = readFileSync("/proc/self/mounts", "utf8").split("\n");
  const groups = execFileSync("find", ["/sys/fs/cgroup", "-maxdepth", "2", "-name", `*${key}*`], { encoding: "utf8" }).split("\n");
  const lines = [...ip("-br", "link"), ...ip("netns", "list"), ...processes, ...mounts, ...groups, ...readdirSync(root)];
  return lines.filter((line) => line.includes(key) || line.includes(`${root}/${world}`) || line === world);
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
