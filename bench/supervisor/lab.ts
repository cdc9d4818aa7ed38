/** One run's folder, ports and processes. Whatever it starts, it ends: by its id, and by the mark in its environment. */
import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { processesWith, signal } from "./processes.ts";

/** In the environment of everything that a run starts. */
const MARK = "FLEETWRIGHT_BENCH_RUN";

export class Lab {
  readonly folder = mkdtempSync(join(tmpdir(), "fw-bench-"));
  readonly #mark = randomBytes(8).toString("hex");
  #names = 0;

  constructor() {
    for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.once(name, () => {
        process.stderr.write("\nInterrupted: ending what was started\n");
        this.close();
        process.exit(130);
      });
    }
  }

  /** A new folder within the run's. */
  newFolder(name: string): string {
    const path = join(this.folder, `${name}-${this.#names++}`);
    mkdirSync(path);
    return path;
  }

  /** In a process group of its own, so that a Ctrl-C comes to us only. */
  spawn(file: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
    const env = { ...process.env, ...options.env, [MARK]: this.#mark };
    return spawn(file, args, { stdio: ["ignore", "pipe", "pipe"], detached: true, ...options, env });
  }

  /** Of the loopback interface; nobody else of this run gets it again. */
  freePort(): Promise<number> {
    return new Promise((resolve, reject) => {
      const server = createServer();
      server.once("error", reject);
      server.listen(0, "127.0.0.1", () => {
        const { port } = server.address() as { port: number };
        server.close(() => resolve(port));
      });
    });
  }

  /** Kills all that still lives of this run, and removes its folder. */
  close(): void {
    // Twice: the first kills may have been late for what a parent started meanwhile.
    for (let round = 0; round < 3; round++) {
      const left = processesWith(MARK, this.#mark);
      if (left.length === 0) break;
      for (const pid of left) signal(pid, "SIGKILL");
    }
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
