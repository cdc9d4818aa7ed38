/** Hears what the real `systemd-notify` says: a datagram socket, which Node has not, made by a few lines of Python. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

/** systemd-notify waits until the descriptor that it sends along is closed: sd_notify_barrier(3). */
const LISTENER = `
import os, socket, sys, time
ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
ear.bind(sys.argv[1])
print("listening", flush=True)
while True:
    text, fds, _, _ = socket.recv_fds(ear, 4096, 4)
    for fd in fds: os.close(fd)
    if b"BARRIER=1" not in text: print(time.monotonic(), text.decode().replace("\\n", " "), flush=True)
`;

export interface Heard {
  /** CLOCK_MONOTONIC. */
  readonly atMs: number;
  /** All assignments of one notification. */
  readonly text: string;
}

export class SystemdEar {
  /** For NOTIFY_SOCKET. */
  readonly path: string;
  readonly #ready: Promise<void>;
  #output = "";

  constructor(t: TestContext) {
    const folder = mkdtempSync(join(tmpdir(), "fw-notify-"));
    this.path = join(folder, "notify.sock");
    const child = spawn("python3", ["-c", LISTENER, this.path], { stdio: ["ignore", "pipe", "inherit"] });
    this.#ready = new Promise((resolve) => {
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        this.#output += text;
        resolve();
      });
    });
    t.after(() => {
      child.kill("SIGKILL");
      rmSync(folder, { recursive: true });
    });
  }

  static async of(t: TestContext): Promise<SystemdEar> {
    const ear = new SystemdEar(t);
    await ear.#ready;
    return ear;
  }

  get heard(): readonly Heard[] {
    const lines = this.#output.split("\n").slice(1, -1);
    return lines.map((line) => ({ atMs: Number.parseFloat(line) * 1000, text: line.slice(line.indexOf(" ") + 1).trim() }));
  }

  /** What was said, apart from pings. */
  get said(): readonly string[] {
    return this.heard.map(({ text }) => text).filter((text) => text !== "WATCHDOG=1");
  }

  get pings(): number {
    return this.heard.length - this.said.length;
  }
}
