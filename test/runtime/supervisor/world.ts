/** A supervisor with made-up workers that behave: what is killed ends, what is told to end may. For random histories. */
import assert from "node:assert/strict";
import { Rig } from "./rig.ts";

/** What can happen; `pick` chooses among the workers that it can happen to. */
export type Happening =
  | { readonly kind: "reload" | "grow" | "shrink" }
  | { readonly kind: "scale"; readonly workers: number }
  | { readonly kind: "ready" | "dies" | "finishes" | "leaves" | "spent" | "ends" | "beats"; readonly pick: number }
  | { readonly kind: "time"; readonly durationMs: number };

export class World {
  readonly rig: Rig;
  readonly #readied = new Set<number>();
  readonly #ended = new Set<number>();
  readonly #left = new Set<number>();
  readonly #sentAway = new Set<number>();
  #shrinking = false;

  constructor(workers: number, hasAddresses: boolean) {
    this.rig = new Rig(workers, { recycle: { lifetimeMs: 20_000 }, bounds: { min: 1, max: 6 } }, hasAddresses);
  }

  get #alive(): readonly number[] {
    return Array.from({ length: this.rig.started }, (_, index) => index + 1).filter((number) => !this.#ended.has(number));
  }

  get alive(): number {
    return this.#alive.length;
  }

  async happen(happening: Happening): Promise<void> {
    switch (happening.kind) {
      case "reload":
      case "grow":
      case "shrink":
        await this.rig.ask(happening.kind);
        break;
      case "scale":
        void this.rig.scale(happening.workers);
        await this.rig.pass(0);
        break;
      case "time":
        await this.#pass(happening.durationMs);
        break;
      default:
        await this.#toWorker(happening.kind, happening.pick);
    }
    await this.#reap();
    this.#shrinking = happening.kind === "shrink" || happening.kind === "scale";
    this.#checkAlways();
  }

  /** Everybody does what is expected of them, for as long as it takes; then all must be well again. */
  async calmDown(): Promise<void> {
    for (let round = 0; round < 200 && !this.#isCalm; round++) {
      for (const number of this.#alive) if (!this.#readied.has(number)) await this.#makeReady(number);
      for (const number of this.#alive) if (this.#isToldToEnd(number)) await this.#end(number, 0);
      await this.#pass(400);
      await this.#reap();
    }
  }

  get #isCalm(): boolean {
    const { state, workers } = this.rig.status();
    return state === "running" && workers.ready === workers.wanted && this.alive === workers.wanted;
  }

  async stop(): Promise<number> {
    await this.rig.ask("stop");
    for (let round = 0; round < 20 && this.alive > 0; round++) {
      for (const number of this.#alive) if (this.#isToldToEnd(number)) await this.#end(number, 0);
      await this.#pass(400);
    }
    return this.rig.exit;
  }

  /** No worker is told to end before the one that takes its place is ready; none is started that isn't needed. */
  #checkAlways(): void {
    const { state, workers, each } = this.rig.status();
    if (state === "stopping") return;
    const active = each.filter((worker) => worker.state === "booting" || worker.state === "ready");
    assert.ok(active.length <= workers.wanted + 1, `${active.length} workers for ${workers.wanted} slots`);
    for (let slot = 1; slot <= workers.wanted; slot++) {
      const own = active.filter((worker) => worker.slot === slot);
      assert.ok(own.length <= 2, `${own.length} in slot ${slot}`);
      assert.ok(own.filter(({ state: of }) => of === "ready").length <= 1, `two ready ones in slot ${slot}`);
    }
    this.#checkNobodyIsSentAwayEarly();
  }

  /** Those who were told to end just now, because their slot went away or somebody else said so, are no matter. */
  #checkNobodyIsSentAwayEarly(): void {
    const { each } = this.rig.status();
    for (const number of [...this.rig.terminated, ...this.rig.delisted]) {
      if (this.#sentAway.has(number)) continue;
      this.#sentAway.add(number);
      const slot = each.find(({ pid }) => pid === 1_000 + number)?.slot;
      const inItsPlace = each.some((other) => other.slot === slot && other.pid > 1_000 + number && other.bootMs !== null);
      assert.ok(this.#shrinking || inItsPlace, `worker ${number} was sent away with nobody in its place`);
    }
  }

  async #toWorker(kind: "ready" | "dies" | "finishes" | "leaves" | "spent" | "ends" | "beats", pick: number): Promise<void> {
    const able = this.#alive.filter((number) =>
      kind === "ready" ? !this.#readied.has(number) : kind === "ends" ? this.#isToldToEnd(number) : true,
    );
    const number = able[pick % Math.max(1, able.length)];
    if (number === undefined) return;
    if (kind === "ready") return this.#makeReady(number);
    if (kind === "beats") return this.rig.says(number, "beat");
    if (kind === "spent") return this.rig.says(number, "recycle");
    if (kind === "dies") return this.#end(number, 1);
    if (kind !== "leaves") return this.#end(number, 0);
    this.#left.add(number);
    return this.rig.says(number, "leaving");
  }

  async #makeReady(number: number): Promise<void> {
    if (this.#isToldToEnd(number)) return;
    this.#readied.add(number);
    await this.rig.says(number, "ready");
  }

  readonly #isToldToEnd = (number: number): boolean => this.rig.terminated.includes(number) || this.#left.has(number);

  async #end(number: number, code: number): Promise<void> {
    this.#ended.add(number);
    await this.rig.ends(number, { code, signal: null });
  }

  async #reap(): Promise<void> {
    for (let some = true; some;) {
      const killed = this.#alive.filter((number) => this.rig.killed.includes(number));
      for (const number of killed) {
        this.#ended.add(number);
        await this.rig.ends(number, { code: null, signal: "SIGKILL" });
      }
      some = killed.length > 0;
    }
  }

  async #pass(durationMs: number): Promise<void> {
    const ready = this.#alive.filter((number) => this.#readied.has(number));
    await this.rig.pass(durationMs, ready);
  }
}
