/** Open-loop requests of one kind: each is sent when it is due, whether or not earlier ones were answered. */
import http from "node:http";
import { quantile } from "../numbers.ts";
import { nowMs } from "../waiting.ts";
import type { LostRequest, StreamOptions, StreamResult } from "./report.ts";

/** Kept connections at rest, so that each worker has some when it has to stop. */
const CLIENTS = 8;
/** A body comes in two parts, this long apart: a server that stops has to wait for the second. */
const BODY_PAUSE_MS = 5;
const PAD = "x".repeat(1_000);

export class Stream {
  readonly #options: StreamOptions;
  readonly #timeoutMs: number;
  readonly #onPid: (pid: number) => void;
  readonly #agents: http.Agent[];
  readonly #latenciesMs: number[] = [];
  readonly #lost: LostRequest[] = [];
  readonly #byPid: Record<string, number> = {};
  readonly #pending = new Set<Promise<void>>();
  #sent = 0;

  constructor(options: StreamOptions, timeoutMs: number, onPid: (pid: number) => void) {
    this.#options = options;
    this.#timeoutMs = timeoutMs;
    this.#onPid = onPid;
    this.#agents = Array.from({ length: options.keepAlive ? CLIENTS : 1 }, () => new http.Agent({ keepAlive: options.keepAlive }));
  }

  get sent(): number {
    return this.#sent;
  }

  /** Sends what is due by now. */
  sendDue(startMs: number, atMs: number, maxRequests: number): void {
    const { perSecond } = this.#options;
    const due = Math.min(maxRequests, Math.floor(((atMs - startMs) * perSecond) / 1000));
    while (this.#sent < due) {
      const number = this.#sent++;
      const one = this.#send(number, startMs + (number * 1000) / perSecond);
      this.#pending.add(one);
      void one.finally(() => this.#pending.delete(one));
    }
  }

  /** Waits for the answers that are still due. */
  async result(): Promise<StreamResult> {
    await Promise.all(this.#pending);
    for (const agent of this.#agents) agent.destroy();
    return {
      name: this.#options.name,
      sent: this.#sent,
      lost: this.#lost,
      p50Ms: quantile(this.#latenciesMs, 0.5),
      p99Ms: quantile(this.#latenciesMs, 0.99),
      worstMs: Math.max(0, ...this.#latenciesMs),
      byPid: this.#byPid,
    };
  }

  async #send(number: number, dueMs: number): Promise<void> {
    const sentMs = nowMs();
    try {
      const answer = await ask(this.#options, this.#agents[number % this.#agents.length] as http.Agent, number, this.#timeoutMs);
      this.#byPid[answer.pid] = (this.#byPid[answer.pid] ?? 0) + 1;
      this.#onPid(answer.pid);
      this.#latenciesMs.push(nowMs() - dueMs);
    } catch (error) {
      this.#lost.push({ sentMs, lostMs: nowMs(), why: (error as NodeJS.ErrnoException).code ?? (error as Error).message });
    }
  }
}

interface Answer {
  readonly pid: number;
  readonly id?: number;
}

function ask({ address, method, path }: StreamOptions, agent: http.Agent, id: number, timeoutMs: number): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const body = method === "POST" ? JSON.stringify({ id, pad: PAD }) : "";
  const headers = method === "POST" ? { "content-type": "application/json", "content-length": body.length } : {};
  const asked = http.request({ ...address, method, path, agent, headers }, (response) => {
    let text = "";
    response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
    response.on("error", reject);
    response.on("close", () => reject(new Error("answer cut short")));
    response.on("end", () => {
      if (response.statusCode !== 200) return reject(new Error(`status ${response.statusCode}`));
      const answer = parse(text);
      if (answer === null || (method === "POST" && answer.id !== id)) return reject(new Error("wrong answer"));
      resolve(answer);
    });
  });
  const limit = setTimeout(() => asked.destroy(new Error("no answer in time")), timeoutMs);
  asked.on("error", reject);
  asked.on("close", () => clearTimeout(limit));
  if (method === "GET") asked.end();
  else sendInTwo(asked, body);
  return promise;
}

function sendInTwo(asked: http.ClientRequest, body: string): void {
  const half = body.length >> 1;
  asked.write(body.slice(0, half));
  setTimeout(() => asked.end(body.slice(half)), BODY_PAUSE_MS);
}

function parse(text: string): Answer | null {
  try {
    return JSON.parse(text) as Answer;
  } catch {
    return null;
  }
}
