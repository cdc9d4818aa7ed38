/** The clients of the four machines, all the time: open-loop HTTPS, and the question whether anything was lost. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { type Load, startLoad, type Told } from "../../support/load.ts";

interface Outage {
  origin: string;
  fromMs: number;
  toMs: number;
}

/** A request may last as long as its own deadline before it counts as lost. */
const SETTLE_MS = 300;

export class Traffic {
  readonly #load: Load;
  readonly #outages: Outage[] = [];
  #judged = 0;

  constructor(origins: readonly string[], caPem: string, options: { requestsPerSecond: number; maxRequests: number }) {
    this.#load = startLoad({ origin: origins, caPem, ...options });
  }

  get sent(): number {
    return this.#load.result.sent;
  }

  /** From now on clients can't reach it. */
  away(origin: string): void {
    this.#outages.push({ origin, fromMs: performance.now(), toMs: Number.POSITIVE_INFINITY });
  }

  /** It serves again: from now on everything counts. */
  async back(origin: string): Promise<void> {
    this.#load.renew(origin);
    await sleep(SETTLE_MS);
    const open = this.#outages.find((outage) => outage.origin === origin && outage.toMs === Number.POSITIVE_INFINITY);
    if (open !== undefined) open.toMs = performance.now();
  }

  /** @throws when more was lost since the last time than may be */
  judge(what: string, mayLose: number, evidence: string): void {
    const { lost } = this.#load.result;
    const found = lost.slice(this.#judged).filter((one) => !this.#excused(one));
    this.#judged = lost.length;
    assert.ok(found.length <= mayLose, `${what}: ${found.length} requests were lost:\n${found.map(describe).join("\n")}\n${evidence}`);
  }

  /** Ends it; what was still due counts. */
  async stop(): Promise<{ sent: number; slowestMs: number }> {
    const { sent, slow } = await this.#load.stop();
    this.judge("the rest", 0, "");
    const times = slow.filter((one) => !this.#excused(one)).map(({ startedMs, endedMs }) => endedMs - startedMs);
    return { sent, slowestMs: Math.max(0, ...times) };
  }

  #excused({ origin, startedMs, endedMs }: Told): boolean {
    return this.#outages.some((outage) => outage.origin === origin && startedMs < outage.toMs && endedMs > outage.fromMs);
  }
}

const describe = ({ origin, startedMs, what }: Told): string => `${Math.round(startedMs)} ${origin}: ${what}`;
