/** A real `fleethost run` for one test: started, watched, asked and in any case ended. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import type { SupervisorStatus } from "../../../runtime/report.ts";

const MAIN = fileURLToPath(new URL("../../../runtime/main.ts", import.meta.url));

export interface HostSetup {
  /** The app's files, by name. */
  readonly files: Readonly<Record<string, string>>;
  /** Of `run`, besides the folder and a free port. */
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** In place of `--port 0`. */
  readonly listen?: readonly string[];
  /** False: `--app-dir` is not given. */
  readonly appDir?: boolean;
  /** Makes more in the folder before the start. */
  readonly before?: (folder: string) => void;
  /** Started as systemd would, with this listening socket as descriptor 3. */
  readonly via?: { readonly fd: number };
}

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

export class Host {
  /** Where the app, `direct.sock` and `status.sock` are. */
  readonly folder: string;
  readonly child: ChildProcess;
  /** Code, or the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals | null>;
  #output = "";

  constructor(t: TestContext, setup: HostSetup) {
    this.folder = mkdtempSync(join(tmpdir(), "fw-host-"));
    for (const [name, text] of Object.entries(setup.files)) this.write(name, text);
    setup.before?.(this.folder);
    const [file = "", ...args] = commandLine(this.folder, setup);
    this.child = spawn(file, args, {
      cwd: this.folder,
      env: { ...process.env, RUNTIME_DIRECTORY: this.folder, ...setup.env },
      stdio: ["ignore", "pipe", "pipe", ...(setup.via === undefined ? [] : [setup.via.fd])],
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.#output += text;
      });
    }
    this.exited = once(this.child, "exit").then(([code, signal]) => code ?? signal);
    t.after(() => this.#end(t));
  }

  get pid(): number {
    return this.child.pid as number;
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

  write(name: string, text: string): void {
    writeFileSync(join(this.folder, name), text);
  }

  read(name: string): string {
    return readFileSync(join(this.folder, name), "utf8");
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  async until(pattern: RegExp, limitMs = 20_000): Promise<void> {
    const holds = (): boolean => pattern.test(this.#output) || (this.#hasExited && this.#fail(`it ended before ${pattern}`));
    await this.eventually(`its output matches ${pattern}`, holds, limitMs);
  }

  /** Polls a condition; fails with the output so far. */
  async eventually(what: string, holds: () => boolean | Promise<boolean>, limitMs = 20_000): Promise<void> {
    const deadlineMs = performance.now() + limitMs;
    while (!(await holds())) {
      if (performance.now() > deadlineMs) this.#fail(`not so after ${limitMs} ms: ${what}`);
      await pause(20);
    }
  }

  get(path: string, options: http.RequestOptions = {}): Promise<Answer> {
    return request(new URL(path, this.url), { agent: false, ...options });
  }

  /** Asks the app or the supervisor on a socket in the runtime folder. */
  ask(socket: "direct.sock" | "status.sock", path: string): Promise<Answer> {
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
      await this.exited;
    }
    rmSync(this.folder, { recursive: true, force: true });
    // They end with their parent; a test that shows they don't must not leave them behind.
    for (const pid of this.workerPids.filter(isAlive)) killIfThere(pid);
  }
}

function commandLine(folder: string, setup: HostSetup): string[] {
  const appDir = setup.appDir === false ? [] : ["--app-dir", folder];
  const line = [process.execPath, MAIN, "run", ...appDir, ...(setup.listen ?? ["--port", "0"]), ...setup.args];
  // Only the process itself knows its pid before it runs the program.
  return setup.via === undefined ? line : ["sh", "-c", 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"', "sh", ...line];
}

export function request(url: URL, options: http.RequestOptions): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = http.request(url, { timeout: 20_000, ...options }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
      response.on("error", reject);
    });
    asked.on("error", reject);
    asked.on("timeout", () => asked.destroy(new Error("no answer in time")));
    asked.end(options.method === "POST" ? "x".repeat(1_000) : undefined);
  });
}

/** A zombie is dead: `kill(pid, 0)` says otherwise. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s*[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has just ended.
  }
}

export const pause = (durationMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, durationMs));
