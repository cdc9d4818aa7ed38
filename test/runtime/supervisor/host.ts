/** A real `fleethost run` for one test: started, watched, asked and in any case ended. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import timers from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { SupervisorStatus } from "../../../runtime/supervisor-report.ts";
import { type Answer, request, type RequestOptions } from "./client.ts";
import { isAlive, killIfThere } from "./proc.ts";

export { type Answer, request } from "./client.ts";
export { isAlive } from "./proc.ts";

const MAIN = fileURLToPath(new URL("../../../runtime/main.ts", import.meta.url));

/** Longer than it takes to give up on workers that fail again and again. */
const EXIT_LIMIT_MS = 60_000;
const POLL_MS = 20;

export interface HostSetup {
  /** The app's files, by name. */
  readonly files: Readonly<Record<string, string>>;
  /** Of `run`, besides the folder and a free port. */
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** In place of `--port 0`. */
  readonly listen?: readonly string[];
  /** The app's folder within the host's; false: `--app-dir` is not given. */
  readonly appDir?: boolean | string;
  /** Makes more in the folder before the start. */
  readonly before?: (folder: string) => void;
  /** Started as systemd would, with this listening socket as descriptor 3. */
  readonly via?: { readonly fd: number };
  /** Inherits this as descriptor 3, with nothing said about it. */
  readonly passed?: { readonly fd: number };
  /** What goes before the command line. */
  readonly wrapper?: readonly string[];
}

export class Host {
  /** Where the app, `direct.sock` and `status.sock` are. */
  readonly folder: string;
  readonly child: ChildProcess;
  readonly #exit: Promise<number | NodeJS.Signals | null>;
  #output = "";
  readonly #hasOwnPids: boolean;

  constructor(t: TestContext, setup: HostSetup) {
    this.folder = mkdtempSync(join(tmpdir(), "fw-host-"));
    for (const [name, text] of Object.entries(setup.files)) this.write(name, text);
    setup.before?.(this.folder);
    const [file = "", ...args] = commandLine(this.folder, setup);
    const third = setup.via ?? setup.passed;
    this.child = spawn(file, args, {
      cwd: this.folder,
      env: { ...process.env, RUNTIME_DIRECTORY: this.folder, TMPDIR: this.folder, ...setup.env },
      stdio: ["ignore", "pipe", "pipe", ...(third === undefined ? [] : [third.fd])],
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.#output += text;
      });
    }
    this.#hasOwnPids = setup.wrapper?.[0] === "unshare";
    this.#exit = once(this.child, "exit").then(([code, signal]) => code ?? signal);
    t.after(() => this.#end(t));
  }

  get pid(): number {
    return this.child.pid as number;
  }

  /** Code, or the signal that ended it; fails when it does not end. */
  get exited(): Promise<number | NodeJS.Signals | null> {
    const late = new AbortController();
    const inVain = timers
      .setTimeout(EXIT_LIMIT_MS, undefined, { signal: late.signal })
      .then(() => this.#fail(`it has not ended after ${EXIT_LIMIT_MS} ms`));
    inVain.catch(() => {});
    return Promise.race([this.#exit, inVain]).finally(() => late.abort());
  }

  get output(): string {
    return this.#output;
  }

  /** Of all workers started so far, in order. */
  get workerPids(): readonly number[] {
    return [...this.#output.matchAll(/Started worker process \[(\d+)\]/g)].map((match) => Number(match[1]));
  }

  get url(): string {
    return /Ready: .* on (http:\S+)/.exec(this.#output)?.[1] ?? this.#fail("it printed no URL");
  }

  /** How often it has said so. */
  count(text: string): number {
    return this.#output.split(text).length - 1;
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.folder, name), text);
  }

  read(name: string): string {
    return readFileSync(join(this.folder, name), "utf8");
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** HUP, and all that follows from it; fails if the reload does. */
  async reload(limitMs = 30_000): Promise<void> {
    const [succeeded, failed] = [this.count("Reloaded: "), this.count("Reload failed")];
    this.signal("SIGHUP");
    await this.eventually("it has reloaded", () => this.count("Reloaded: ") > succeeded || this.count("Reload failed") > failed, limitMs);
    if (this.count("Reload failed") > failed) this.#fail("the reload failed");
  }

  async until(pattern: RegExp, limitMs = 20_000): Promise<void> {
    const holds = (): boolean => pattern.test(this.#output) || (this.#hasExited && this.#fail(`it ended before ${pattern}`));
    await this.eventually(`its output matches ${pattern}`, holds, limitMs);
  }

  /** Just as many workers as wanted are there, and all are ready. */
  async settled(workers: number, limitMs = 20_000): Promise<void> {
    await this.eventually(
      `${workers} workers are ready, and no other process is left`,
      async () => (await this.isSettled()) === workers,
      limitMs,
    );
  }

  /** The number of workers when all are ready and none is on its way; null otherwise. */
  async isSettled(): Promise<number | null> {
    const { state, workers, each } = await this.status();
    return state === "running" && workers.ready === workers.wanted && each.length === workers.wanted ? workers.ready : null;
  }

  /** Polls a condition; fails with the output so far. */
  async eventually(what: string, holds: () => boolean | Promise<boolean>, limitMs = 20_000): Promise<void> {
    const deadlineMs = performance.now() + limitMs;
    while (!(await holds())) {
      if (performance.now() > deadlineMs) this.#fail(`not so after ${limitMs} ms: ${what}`);
      await pause(POLL_MS);
    }
  }

  get(path: string, options: RequestOptions = {}): Promise<Answer> {
    return request(new URL(path, this.url), { agent: false, ...options });
  }

  /** Asks the app or the supervisor on a socket in the runtime folder. */
  ask(socket: "direct.sock" | "status.sock" | "web.sock", path: string): Promise<Answer> {
    return request(new URL(path, "http://localhost"), { socketPath: join(this.folder, socket), agent: false });
  }

  async status(): Promise<SupervisorStatus> {
    return JSON.parse((await this.ask("status.sock", "/status")).body) as SupervisorStatus;
  }

  get #hasExited(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  #fail(what: string): never {
    throw new Error(`${what}. Output of fleethost:\n${this.#output}`);
  }

  async #end(t: TestContext): Promise<void> {
    // Known to Node since 22.3, not yet to its types.
    if ((t as TestContext & { readonly passed?: boolean }).passed === false) t.diagnostic(`output of fleethost:\n${this.#output}`);
    if (!this.#hasExited) {
      this.child.kill("SIGKILL");
      await this.#exit;
    }
    rmSync(this.folder, { recursive: true, force: true });
    // In a namespace of their own they end with its first process, and their pids are somebody else's here.
    if (this.#hasOwnPids) return;
    // They end with their parent; a test that shows they don't must not leave them behind.
    for (const pid of this.workerPids.filter(isAlive)) killIfThere(pid);
  }
}

function commandLine(folder: string, { appDir = true, ...setup }: HostSetup): string[] {
  const where = appDir === false ? [] : ["--app-dir", appDir === true ? folder : join(folder, appDir)];
  const line = [process.execPath, MAIN, "run", ...where, ...(setup.listen ?? ["--port", "0"]), ...setup.args];
  // Only the process itself knows its pid before it runs the program.
  const activated = setup.via === undefined ? [] : ["sh", "-c", 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"', "sh"];
  return [...(setup.wrapper ?? []), ...activated, ...line];
}

export const pause = (durationMs: number): Promise<void> => timers.setTimeout(durationMs);
