/** A random history for a real supervisor with real workers under constant load, and what must hold all the same. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import type { TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { start, type TestApp } from "./apps.ts";
import { deploy } from "./deploy.ts";
import type { Host } from "./host.ts";
import { Load, type Loss } from "./load.ts";
import { childrenOf, descriptorsOf, isAlive } from "./proc.ts";

const [MIN_WORKERS, MAX_WORKERS] = [2, 5];
/** A slot whose workers were killed again and again waits for up to 15 s, and every boot takes its time. */
const CALM_LIMIT_MS = 60_000;
/** Workers that have been ready for this long clear their slots' records of deaths. */
const REST_MS = 31_000;
const ROUNDS_TO_REST = 8;

const STEPS = ["reload", "reload", "grow", "shrink", "kill", "kill", "segfault", "term", "break", "mend"] as const;

/** A death that loses what the worker had. */
interface Kill {
  readonly pid: number;
  readonly atMs: number;
}

export class Ordeal {
  readonly #t: TestContext;
  readonly #host: Host;
  readonly #app: TestApp;
  readonly #random: () => number;
  readonly #history: string[];
  #wanted = 3;
  #releases = 0;
  #kills: Kill[] = [];
  /** Of the supervisor, apart from those for its workers. */
  #descriptors: number | null = null;

  /** @param seed the same one makes the same choices; what the processes make of them is theirs */
  constructor(t: TestContext, app: TestApp, seed: number) {
    this.#t = t;
    this.#app = app;
    this.#random = generator(seed);
    this.#history = [`seed ${seed}`];
    const bounds = ["--workers", "3", "--min-workers", String(MIN_WORKERS), "--max-workers", String(MAX_WORKERS)];
    this.#host = start(t, { ...app, files: {} }, bounds, { appDir: "current", before: (folder) => deploy(folder, "0", app.files) });
  }

  /** Rounds of steps and calm, until the time is over; then the end. @returns how many rounds, requests and losses there were */
  async run(durationMs: number): Promise<{ rounds: number; sent: number; lost: number }> {
    const total = { rounds: 0, sent: 0, lost: 0 };
    await this.#host.until(/Ready/);
    const endMs = performance.now() + durationMs;
    while (performance.now() < endMs) {
      const { sent, losses } = await this.#round();
      total.rounds += 1;
      total.sent += sent;
      total.lost += losses.length;
      if (total.rounds % ROUNDS_TO_REST === 0) await pause(REST_MS);
    }
    await this.#end();
    return total;
  }

  async #round(): Promise<{ sent: number; losses: readonly Loss[] }> {
    this.#kills = [];
    const load = new Load(this.#t, this.#host.url, 100_000);
    for (let steps = 3 + this.#below(8); steps > 0; steps--) {
      await this.#step(STEPS[this.#below(STEPS.length)] ?? "reload");
      await pause(this.#below(600));
    }
    await this.#host.eventually(
      this.#told(`${this.#wanted} workers are ready again`),
      async () => (await this.#host.isSettled()) === this.#wanted,
      CALM_LIMIT_MS,
    );
    const { sent, losses } = await load.stop();
    this.#judge(losses);
    await this.#nothingIsLeftBehind();
    return { sent, losses };
  }

  async #step(step: (typeof STEPS)[number]): Promise<void> {
    this.#history.push(step);
    switch (step) {
      case "reload":
        return this.#host.signal("SIGHUP");
      case "grow":
        return this.#resize("SIGTTIN", Math.min(MAX_WORKERS, this.#wanted + 1));
      case "shrink":
        return this.#resize("SIGTTOU", Math.max(MIN_WORKERS, this.#wanted - 1));
      case "kill":
        return this.#strike("SIGKILL");
      case "segfault":
        return this.#strike("SIGSEGV");
      case "term":
        return this.#strike("SIGTERM");
      case "break":
        return this.#release(this.#app.broken);
      case "mend":
        return this.#release(this.#app.files[this.#app.module] as string);
    }
  }

  async #resize(signal: NodeJS.Signals, wanted: number): Promise<void> {
    this.#wanted = wanted;
    this.#host.signal(signal);
    await this.#host.eventually(this.#told(`${wanted} are wanted`), async () => (await this.#host.status()).workers.wanted === wanted);
  }

  /** Any worker, in any state; but the last one that is ready is spared, or giving up would be right. */
  async #strike(signal: NodeJS.Signals): Promise<void> {
    const { workers, each } = await this.#host.status();
    const pid = each[this.#below(each.length)]?.pid;
    if (pid === undefined || workers.ready < 2 || !childrenOf(this.#host.pid).includes(pid)) return;
    if (signal !== "SIGTERM") this.#kills.push({ pid, atMs: performance.now() });
    process.kill(pid, signal);
    await this.#host.eventually(
      this.#told("the struck one is not counted any more"),
      async () => !(await this.#host.status()).workers.pids.includes(pid),
    );
  }

  #release(module: string): void {
    deploy(this.#host.folder, String((this.#releases += 1)), { ...this.#app.files, [this.#app.module]: module });
    this.#host.signal("SIGHUP");
  }

  /** Each client had one request on a worker at most when that was killed. */
  #judge(losses: readonly Loss[]): void {
    const excused = new Set<string>();
    for (const loss of losses) {
      const kill = this.#kills.find((one) => isOf(loss, one) && !excused.has(`${loss.client} ${one.pid}`));
      assert.ok(
        kill !== undefined,
        this.#told(`lost with nobody killed: ${JSON.stringify(loss)}, kills: ${JSON.stringify(this.#kills)}`, true),
      );
      excused.add(`${loss.client} ${kill.pid}`);
    }
  }

  async #nothingIsLeftBehind(): Promise<void> {
    const { pid, folder } = this.#host;
    const own = new Set((await this.#host.status()).each.map((worker) => worker.pid));
    assert.deepEqual(
      childrenOf(pid).filter((child) => !own.has(child)),
      [],
      this.#told("children that are no workers", true),
    );
    const others = (): number => descriptorsOf(pid).size - 3 * this.#wanted;
    this.#descriptors ??= others();
    await this.#host.eventually(this.#told("it has as many descriptors as before"), () => others() <= (this.#descriptors ?? 0));
    assert.deepEqual(
      readdirSync(folder)
        .filter((name) => name.endsWith(".sock"))
        .toSorted(),
      ["direct.sock", "status.sock"],
    );
  }

  async #end(): Promise<void> {
    this.#host.signal("SIGTERM");
    assert.equal(await this.#host.exited, 0, this.#told("its exit code", true));
    assert.deepEqual(this.#host.workerPids.filter(isAlive), []);
    assert.deepEqual(
      readdirSync(this.#host.folder).filter((name) => name.endsWith(".sock")),
      [],
    );
  }

  #told(what: string, withOutput = false): string {
    return `${what}, after ${this.#history.join(" ")}${withOutput ? `\n${this.#host.output}` : ""}`;
  }

  readonly #below = (limit: number): number => Math.floor(this.#random() * limit);
}

/** A request that was under way when the worker was killed, or went out before its client could know. */
function isOf({ startedMs, endedMs, pid }: Loss, kill: Kill): boolean {
  return startedMs < kill.atMs + 100 && endedMs >= kill.atMs && endedMs < kill.atMs + 1_000 && (pid === null || pid === kill.pid);
}

/** A small generator of numbers from 0 to 1 (xorshift, 32 bits). */
function generator(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Of the run; FLEETWRIGHT_SEED names another one. */
export const chosenSeed = (): number => Number(process.env.FLEETWRIGHT_SEED ?? Math.floor(Math.random() * 2 ** 31));
