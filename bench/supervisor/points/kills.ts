/** Point 3: a worker is killed: how soon is there another, how soon does it serve, and what is lost. */
import { type Bench, type Point, type Served, serve, withServed } from "../bench.ts";
import { allContenders, fullTitle } from "../contenders/all.ts";
import type { Contender } from "../contenders/contender.ts";
import { median, text } from "../numbers.ts";
import { Prober } from "../prober/prober.ts";
import { fourStreams, type LostRequest } from "../prober/report.ts";
import { signal } from "../processes.ts";
import { type Row, render } from "../table.ts";
import { holdsWithin, nowMs, sleep } from "../waiting.ts";

const WORKERS = 4;
const KILLS = 12;
/** Of each of the four streams. */
const PER_SECOND = 60;
/** A few requests are then always in flight. */
const PATH = "/sleep?ms=20";
const SPAWN_LIMIT_MS = 15_000;
const SERVE_LIMIT_MS = 20_000;

interface Kill {
  readonly atMs: number;
  /** From the kill until another process was the parent's child; null: not within the limit. */
  readonly spawnMs: number | null;
  /** From the kill until the new worker has given its first answer; null: not within the limit. */
  readonly serveMs: number | null;
}

interface Series {
  readonly contender: Contender;
  readonly kills: readonly Kill[];
  readonly sent: number;
  readonly lostInFlight: number;
  readonly lostBeyond: number;
  /** How the parent ended, if it did not stand that many deaths. */
  readonly ended: string | null;
}

export const kills: Point = {
  number: 3,
  title: "SIGKILL of a worker",
  async run(bench) {
    const all: Series[] = [];
    for (const contender of allContenders) all.push(await measure(contender, bench));
    const title = `3. SIGKILL of one of ${WORKERS} workers, direct over TCP, ${4 * PER_SECOND} requests a second`;
    const notes = [
      "in flight: sent before the kill. beyond: sent after it, and lost all the same.",
      "spawn: until another process is there (looked for every millisecond); serve: until the new worker has given an answer.",
    ];
    return { tables: [render(title, all.map(row), notes)], data: all.map(({ contender, ...rest }) => ({ id: contender.id, ...rest })) };
  },
};

function measure(contender: Contender, bench: Bench): Promise<Series> {
  bench.say(`3: ${fullTitle(contender)}`);
  return withServed([() => serve(contender, { workers: WORKERS, listen: "tcp" }, bench)], async ([served]) => {
    if (served === undefined) throw new Error("nothing was started");
    const streams = fourStreams(served.address, PER_SECOND, PATH);
    const prober = new Prober({ streams, maxRequests: PER_SECOND * 300, timeoutMs: 10_000 }, bench.lab);
    await sleep(1_000);
    const list: Kill[] = [];
    let ended: string | null = null;
    void served.running.ended.then((how) => (ended = how));
    for (let number = 0; ended === null && number < (bench.quick ? 5 : KILLS); number++) {
      list.push(await killOne(served, number, prober, () => ended !== null));
      await sleep(200);
    }
    const results = await prober.stop();
    const lost = results.flatMap((stream) => stream.lost);
    const lostInFlight = lost.filter((one) => wasInFlight(one, list)).length;
    const sent = results.reduce((sum, stream) => sum + stream.sent, 0);
    return { contender, kills: list, sent, lostInFlight, lostBeyond: lost.length - lostInFlight, ended };
  });
}

async function killOne({ running }: Served, number: number, prober: Prober, ended: () => boolean): Promise<Kill> {
  const before = running.workerPids();
  const victim = before[number % before.length] as number;
  const atMs = nowMs();
  signal(victim, "SIGKILL");
  const fresh = await newcomer(() => running.workerPids(), before, ended);
  if (fresh === null) return { atMs, spawnMs: null, serveMs: null };
  const spawnMs = nowMs() - atMs;
  const served = await holdsWithin(SERVE_LIMIT_MS, () => prober.firstAnswerMs(fresh) !== undefined, 2);
  return { atMs, spawnMs, serveMs: served ? (prober.firstAnswerMs(fresh) as number) - atMs : null };
}

async function newcomer(pids: () => number[], before: readonly number[], ended: () => boolean): Promise<number | null> {
  let found: number | undefined;
  await holdsWithin(SPAWN_LIMIT_MS, () => ended() || (found = pids().find((pid) => !before.includes(pid))) !== undefined, 1);
  return found ?? null;
}

/** @returns whether it was sent before the last kill that came before its loss */
function wasInFlight({ sentMs, lostMs }: LostRequest, list: readonly Kill[]): boolean {
  return list.some(({ atMs }) => sentMs <= atMs && atMs <= lostMs);
}

function row({ contender, kills: list, sent, lostInFlight, lostBeyond, ended }: Series): Row {
  return {
    server: fullTitle(contender),
    kills: ended === null ? String(list.length) : `${list.length}, then it gave up: ${ended}`,
    "spawn, median ms": spread(list.map(({ spawnMs }) => spawnMs)).median,
    "worst ms": spread(list.map(({ spawnMs }) => spawnMs)).worst,
    "serve, median ms": spread(list.map(({ serveMs }) => serveMs)).median,
    "worst ms ": spread(list.map(({ serveMs }) => serveMs)).worst,
    "lost in flight": String(lostInFlight),
    "lost beyond": String(lostBeyond),
    sent: String(sent),
  };
}

function spread(values: readonly (number | null)[]): { readonly median: string; readonly worst: string } {
  const known = values.filter((value) => value !== null);
  const never = values.length - known.length;
  return { median: text(median(known)), worst: never > 0 ? `never: ${never} times` : text(Math.max(...known)) };
}
