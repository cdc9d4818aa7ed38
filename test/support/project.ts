/** A copy of this repository in a folder of its own, driven as a user would: by its npm scripts' commands. */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { FleetStatus } from "../../infra/cli/table.ts";

const repository = fileURLToPath(new URL("../../", import.meta.url));

/** Few runs of a test take longer; a hang ends with what was printed so far. */
const RUN_TIMEOUT_MS = 300_000;

export interface Run {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  env?: Record<string, string>;
  /** @default 5 minutes */
  timeoutMs?: number;
  /** Its standard input. @default nothing */
  stdin?: string;
  /** Called with all of stderr so far, whenever some came; `kill` signals the whole process group. */
  onStderr?: Watcher;
  /** The same for standard output, where `pulumi` shows its progress. */
  onStdout?: Watcher;
}

export type Watcher = (text: string, kill: (signal: NodeJS.Signals) => void) => void;

export class Project {
  readonly folder: string;

  /** Copies what git would: tracked files and new ones, none that are ignored. Packages are shared by a link. */
  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), "fleetwright-project-"));
    const list = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "-z"], { cwd: repository, encoding: "utf8" });
    for (const path of list.split("\0").filter((name) => name !== "")) {
      mkdirSync(dirname(join(this.folder, path)), { recursive: true });
      cpSync(join(repository, path), join(this.folder, path), { verbatimSymlinks: true });
    }
    symlinkSync(join(repository, "node_modules"), join(this.folder, "node_modules"));
    projects.add(this);
  }

  /** Runs `fleet ARGS…` as the npm scripts do. */
  fleet(args: readonly string[], options: RunOptions = {}): Promise<Run> {
    return this.run(process.execPath, ["infra/cli/start.mjs", ...args], options);
  }

  /** Runs a program in the project's folder. */
  run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Run> {
    // In the user's cache it would stay, under paths that will never be again.
    const env = { NODE_COMPILE_CACHE: join(this.folder, ".fleetwright-compiled"), ...options.env };
    return runIn(this.folder, command, args, { ...options, env });
  }

  /** `fleet status --json`, whatever its exit code. */
  async status(): Promise<FleetStatus> {
    return statusOf(await this.fleet(["status", "--json"]));
  }

  /** Takes the local fleet down and removes the copy. */
  async remove(): Promise<void> {
    await this.fleet(["local:down"]);
    this.forget();
  }

  /** The same without waiting, for a run that is being ended. */
  removeNow(): void {
    spawnSync(process.execPath, ["infra/cli/start.mjs", "local:down"], { cwd: this.folder, stdio: "ignore" });
    this.forget();
  }

  private forget(): void {
    projects.delete(this);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const projects = new Set<Project>();

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => {
    for (const project of projects) project.removeNow();
    process.exit(1);
  });
}

/** Runs a program in a process group of its own. */
export function runIn(
  folder: string,
  command: string,
  args: readonly string[],
  { env = {}, timeoutMs = RUN_TIMEOUT_MS, stdin, onStderr, onStdout }: RunOptions = {},
): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: folder, env: { ...process.env, ...env }, stdio: ["pipe", "pipe", "pipe"], detached: true });
    child.stdin.on("error", () => undefined).end(stdin ?? "");
    const output = { stdout: "", stderr: "" };
    const kill = (signal: NodeJS.Signals): void => void process.kill(-(child.pid ?? 0), signal);
    const timer = setTimeout(() => kill("SIGKILL"), timeoutMs);
    child.stdout.on("data", (chunk: Buffer) => {
      output.stdout += chunk.toString();
      onStdout?.(output.stdout, kill);
    });
    child.stderr.on("data", (chunk: Buffer) => {
      output.stderr += chunk.toString();
      onStderr?.(output.stderr, kill);
    });
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve({ code, ...output });
    });
  });
}

/** A watcher of a run's output that kills the run when a line is there. */
export function killAt(line: RegExp, signal: NodeJS.Signals = "SIGKILL"): Watcher {
  let killed = false;
  return (text, kill) => {
    if (killed || !line.test(text)) return;
    killed = true;
    kill(signal);
  };
}

/** @throws with everything that it printed, when it fails */
export async function succeeds(running: Promise<Run>): Promise<Run> {
  const run = await running;
  if (run.code !== 0) throw new Error(evidence(run));
  return run;
}

/** What `fleet status --json` printed. @throws with everything it printed when that is no JSON */
export function statusOf(run: Run): FleetStatus {
  try {
    return JSON.parse(run.stdout) as FleetStatus;
  } catch {
    throw new Error(`fleet status printed no JSON: ${evidence(run)}`);
  }
}

/** Everything a run printed, for the message of an assertion that failed. */
export function evidence({ code, stdout, stderr }: Run): string {
  return `exit code ${code}\n--- stdout\n${stdout}\n--- stderr\n${stderr}`;
}
