/** One worker, driven directly: a shim on a bound socket, with the test at the other end of its channel. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { workerFd } from "../../../runtime/supervisor/launch.ts";
import { type BoundSocket, bindUnix, openSocket } from "../../../runtime/supervisor/listen.ts";
import { eachLine } from "../../../runtime/supervisor/output.ts";
import { type PythonForTests, pythonForTests } from "../../support/venv.ts";
import { type Answer, pause, request } from "../supervisor/host.ts";

const SHIMS = fileURLToPath(new URL("../../../runtime/workers", import.meta.url));
/** For apps that import packages of ours, such as Express. */
const NODE_MODULES = fileURLToPath(new URL("../../../node_modules", import.meta.url));

export interface ShimSetup {
  /** The app's files, by name. */
  readonly files: Readonly<Record<string, string>>;
  /** The module, or `module:attribute`: what it is decides on the shim. */
  readonly app: string;
  readonly flags?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** More packages for Python, and a Python other than the usual one. */
  readonly python?: PythonForTests;
  /** A socket that other workers are on as well. Else a TCP socket of its own. */
  readonly socket?: SharedSocket;
}

export interface Message {
  readonly type: string;
  readonly requests?: number;
  readonly active?: number;
  readonly connections?: number;
}

/** A bound socket and how to reach it. */
export class SharedSocket {
  readonly bound: BoundSocket;
  readonly path: string | undefined;

  private constructor(bound: BoundSocket, path?: string) {
    this.bound = bound;
    this.path = path;
  }

  static async tcp(t: TestContext): Promise<SharedSocket> {
    const socket = new SharedSocket(await openSocket({ kind: "tcp", host: "127.0.0.1", port: 0 }, {}, 0));
    t.after(() => socket.bound.close());
    return socket;
  }

  /** As somebody may bind it who knows nothing of us: without TCP_NODELAY. */
  static bare(t: TestContext): SharedSocket {
    const create = (net as unknown as { _createServerHandle(address: string, port: number, family: number): Handle })._createServerHandle;
    const handle = create("127.0.0.1", 0, 4);
    const name = { port: 0 };
    handle.getsockname(name);
    t.after(() => handle.close());
    return new SharedSocket({ fd: handle.fd, where: `http://127.0.0.1:${name.port}`, close: () => handle.close() });
  }

  static async unix(t: TestContext): Promise<SharedSocket> {
    const path = join(mkdtempSync(join(tmpdir(), "fw-socket-")), "web.sock");
    const socket = new SharedSocket(await bindUnix(path), path);
    t.after(() => {
      socket.bound.close();
      rmSync(dirname(path), { recursive: true, force: true });
    });
    return socket;
  }

  get port(): number {
    return Number(new URL(this.bound.where).port);
  }

  /** For `http.request` and `net.connect`. */
  get target(): { socketPath: string; path: string } | { host: string; port: number } {
    return this.path === undefined ? { host: "127.0.0.1", port: this.port } : { socketPath: this.path, path: this.path };
  }
}

interface Handle {
  readonly fd: number;
  getsockname(out: { port: number }): void;
  close(): void;
}

export class Shim {
  readonly folder: string;
  readonly socket: SharedSocket;
  readonly child: ChildProcess;
  readonly messages: Message[] = [];
  readonly exited: Promise<number | NodeJS.Signals | null>;
  output = "";

  private constructor(t: TestContext, setup: ShimSetup, socket: SharedSocket, python: PythonForTests | null) {
    this.socket = socket;
    this.folder = mkdtempSync(join(tmpdir(), "fw-shim-"));
    for (const [name, text] of Object.entries(setup.files)) writeFileSync(join(this.folder, name), text);
    symlinkSync(NODE_MODULES, join(this.folder, "node_modules"));
    const node = [process.execPath, join(SHIMS, "node-worker.ts")];
    const program = python === null ? node : [python.python, "-P", join(SHIMS, "asgi_worker.py")];
    const [file = "", ...args] = [...program, "--slot=1", "--beat-ms=100", "--drain-ms=5000", ...(setup.flags ?? []), setup.app];
    const pythonPath = python === null ? {} : { PYTHONPATH: `${this.folder}:${python.packages}`, PYTHONUNBUFFERED: "1" };
    this.child = spawn(file, args, {
      cwd: this.folder,
      env: { ...process.env, ...setup.env, ...pythonPath },
      stdio: ["ignore", "pipe", "pipe", socket.bound.fd, "ignore", "pipe"],
    });
    const { stdio } = this.child;
    eachLine((stdio as readonly unknown[])[workerFd.channel] as Readable, (line) => this.messages.push(JSON.parse(line) as Message));
    for (const stream of [stdio[1], stdio[2]] as Readable[]) eachLine(stream, (line) => void (this.output += `${line}\n`));
    this.exited = once(this.child, "close").then(([code, signal]) => code ?? signal);
    t.after(async () => {
      this.child.kill("SIGKILL");
      await this.exited;
      rmSync(this.folder, { recursive: true, force: true });
    });
  }

  static async start(t: TestContext, setup: ShimSetup): Promise<Shim> {
    const python = setup.app.includes(":") ? (setup.python ?? (await pythonForTests())) : null;
    return new Shim(t, setup, setup.socket ?? (await SharedSocket.tcp(t)), python);
  }

  static async ready(t: TestContext, setup: ShimSetup): Promise<Shim> {
    const shim = await Shim.start(t, setup);
    await shim.says("ready");
    return shim;
  }

  get pid(): number {
    return this.child.pid as number;
  }

  get types(): readonly string[] {
    return this.messages.map(({ type }) => type);
  }

  get lastBeat(): Message {
    return this.messages.findLast(({ type }) => type === "beat") ?? { type: "none" };
  }

  term(): void {
    this.child.kill("SIGTERM");
  }

  get(path: string, options: object = {}): Promise<Answer> {
    return request(new URL(path, "http://localhost"), { agent: false, ...this.socket.target, ...options, path });
  }

  says(type: string): Promise<void> {
    return this.eventually(`it says ${type}`, () => this.types.includes(type));
  }

  prints(pattern: RegExp): Promise<void> {
    return this.eventually(`it prints ${pattern}`, () => pattern.test(this.output));
  }

  async eventually(what: string, holds: () => boolean, limitMs = 20_000): Promise<void> {
    const deadlineMs = performance.now() + limitMs;
    while (!holds()) {
      const hasEnded = this.child.exitCode !== null || this.child.signalCode !== null;
      if (hasEnded || performance.now() > deadlineMs) {
        const state = JSON.stringify({ exit: this.child.exitCode ?? this.child.signalCode, messages: this.messages.slice(-5) });
        throw new Error(`not so${hasEnded ? ", and it has ended" : ""}: ${what}. ${state}\n${this.output}`);
      }
      await pause(10);
    }
  }
}
