/** What every point is given, and how it brings contenders up. */
import { join } from "node:path";
import type { AppName, Contender, Running } from "./contenders/contender.ts";
import { type Front, startFront } from "./front.ts";
import { type Address, askAround } from "./http.ts";
import type { Lab } from "./lab.ts";
import type { Loop, Tools } from "./setup.ts";
import { holdsWithin } from "./waiting.ts";

export interface Bench {
  readonly tools: Tools;
  readonly lab: Lab;
  /** Fewer and shorter measurements. */
  readonly quick: boolean;
  /** Rounds of what is measured in pairs. */
  readonly repeat: number;
  /** Progress, for who waits. */
  say(text: string): void;
}

/** One of the bench's points: measures, and says what came out. */
export interface Point {
  readonly number: number;
  readonly title: string;
  run(bench: Bench): Promise<PointResult>;
}

export interface PointResult {
  /** Tables as texts, to be printed. */
  readonly tables: readonly string[];
  /** All that was measured, for `--json`. */
  readonly data: unknown;
}

export interface ServeOptions {
  readonly app?: AppName;
  readonly workers: number;
  readonly listen: "tcp" | "unix";
  /** Default: none. */
  readonly caddy?: boolean;
  readonly loop?: Loop;
  readonly livenessTimeoutMs?: number;
}

/** A contender that serves, perhaps with Caddy in front. */
export interface Served {
  readonly contender: Contender;
  readonly running: Running;
  readonly front: Front | undefined;
  /** Caddy's where there is one, else the contender's own. */
  readonly address: Address;
  stop(): Promise<void>;
}

const READY_LIMIT_MS = 60_000;

/** Fulfilled when every worker has answered. @throws with its output when it does not come up */
export async function serve(contender: Contender, options: ServeOptions, { tools, lab }: Bench): Promise<Served> {
  const listen =
    options.listen === "tcp" ? { host: "127.0.0.1", port: await lab.freePort() } : { socketPath: join(lab.newFolder("s"), "s") };
  const { app = "main", workers, loop, livenessTimeoutMs } = options;
  const rest = { ...(loop && { loop }), ...(livenessTimeoutMs && { livenessTimeoutMs }) };
  const running = await contender.start({ app, workers, listen, ...rest }, tools, lab);
  try {
    await allAnswer(running, workers);
    const front = options.caddy === true ? await startFront(listen, tools, lab) : undefined;
    const stop = async (): Promise<void> => {
      await front?.stop();
      await running.stop();
    };
    return { contender, running, front, address: front?.address ?? listen, stop };
  } catch (error) {
    await running.stop();
    throw error;
  }
}

export async function allAnswer(running: Running, workers: number): Promise<void> {
  const answered = new Set<number>();
  const done = await holdsWithin(READY_LIMIT_MS, async () => {
    for (const pid of await askAround(running.address)) answered.add(pid);
    return running.workerPids().filter((pid) => answered.has(pid)).length >= workers;
  });
  if (!done) throw new Error(`${running.contender.title}: not all of ${workers} workers have answered:\n${running.output()}`);
}

/** Runs `use` with contenders that serve side by side, and stops them in any case. */
export async function withServed<T>(starts: readonly (() => Promise<Served>)[], use: (served: Served[]) => Promise<T>): Promise<T> {
  const served: Served[] = [];
  try {
    for (const start of starts) served.push(await start());
    return await use(served);
  } finally {
    for (const one of served) await one.stop();
  }
}
