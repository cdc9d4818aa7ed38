/** Point 3: a worker is killed: how soon is there another, how soon does it serve, and what is lost. */
import { type Bench, type Point, type Served, serve, withServed } from "../bench.ts";
import { allContenders, fullTitle } from "../contenders/all.ts";
import type { Contender } from "../contenders/contender.ts";
import { median, text } from "../numbers.ts";
import { Prober } from "../prober/prober.ts";
import { fourStreams, type LostRequest } from "../prober/report.ts";
import { isAlive, signal } from "../processes.ts";
import { type Row, render } from "../table.ts";
import { holdsWithin, nowMs, sleep } from "../waiting.ts";

const WORKERS = 4;
/** In one round each worker of the start is killed once, and then as many of their replacements. */
const AGAIN = 2;
/** Of each of the four streams. */
const PER_SECOND = 60;
/** A few requests are then always in flight. */
const PATH = "/sleep?ms=20";
const ROUNDS = 3;
const SPAWN_LIMIT_MS = 10_000;
const SERVE_LIMIT_MS = 20_000;

interface Kill {
  readonly atMs: number;
  /** When the killed process was seen to be dead: it had closed its sockets by then. */
  readonly deadMs: number;
  /** Whether it was itself a replacement, only seconds old. */
  readonly again: boolean;
  /** From the kill until another process was the parent's child; null: not within the limit. */
  readonly spawnMs: number | null;
  /** From the kill until the new worker has given its first answer; null: not within the limit. */
  readonly serveMs: number | null;
}

interface Round {
  readonly contender: Contender;
  readonly kills: readonly Kill[];
  readonly sent: number;
  readonly lostInFlight: number;
  readonly lostBeyond: readonly LostRequest[];
  /** How the parent ended, if it did not stand that many deaths. */
  readonly ended: string | null;
}

export const kills: Point = {
  number: 3,
  title: "SIGKILL of a worker",
  async run(bench) {
    const rounds: Round[] = [];
    for (let number = 0; number < (bench.quick ? 1 : ROUNDS); number++) {
      for (const contender of allContenders) rounds.push(await measure(contender, bench));
    }
    const title = `3. SIGKILL of one of ${WORKERS} workers, direct over TCP, ${4 * PER_SECOND} requests a second`;
    const notes = [
      "in flight: sent before the worker was dead. beyond: sent after that, and lost all the same.",
      "spawn: until another process is there (looked for every millisecond); serve: until the new worker has given an answer.",
      `again: the killed one was a replacement, only seconds old; ${AGAIN} in each round.`,
      "granian stops when a worker dies within 5.5 s of its start, also with --respawn-failed-workers.",
    ];
    const rows = allContenders.map((contender) =>
      row(
        contender,
        rounds.filter((one) => one.contender === contender),
      ),
    );
    return { tables: [render(title, rows, notes)], data: rounds.map(({ contender, ...rest }) => ({ id: contender.id, ...rest })) };
  },
};

function measure(contender: Contender, bench: Bench): Promise<Round> {
  bench.say(`3: ${fullTitle(contender)}`);
  return withServed([() => serve(contender, { workers: WORKERS, listen: "tcp" }, bench)], async ([served]) => {
    if (served === undefined) throw new Error("nothing was started");
    const streams = fourStreams(served.address, PER_SECOND, PATH);
    const prober = new Prober({ streams, maxRequests: PER_SECOND * 120, timeoutMs: 10_000 }, bench.lab);
    await sleep(700);
    const { list, ended } = await killAll(served, prober);
    const results = await prober.stop();
    const lost = results.flatMap((stream) => stream.lost);
    const lostBeyond = lost.filter((one) => !wasInFlight(one, list));
    const sent = results.reduce((sum, stream) => sum + stream.sent, 0);
    return { contender, kills: list, sent, lostInFlight: lost.length - lostBeyond.length, lostBeyond, ended };
  });
}

async function killAll(served: Served, prober: Prober): Promise<{ list: Kill[]; ended: string | null }> {
  const list: Kill[] = [];
  let ended: string | null = null;
  void served.running.ended.then((how) => (ended = how));
  const originals = served.running.workerPids();
  const killed: number[] = [];
  for (let number = 0; ended === null && number < WORKERS + AGAIN; number++) {
    const before = served.running.workerPids();
    const victim = originals[number] ?? before.find((pid) => !killed.includes(pid));
    if (victim === undefined) break;
    list.push(await killOne(served, victim, before, number >= WORKERS, { prober, ended: () => ended !== null }));
    killed.push(victim);
    await sleep(200);
  }
  return { list, ended };
}

interface Watch {
  readonly prober: Prober;
  readonly ended: () => boolean;
}

async function killOne({ running }: Served, victim: number, before: readonly number[], again: boolean, watch: Watch): Promise<Kill> {
  const atMs = nowMs();
  signal(victim, "SIGKILL");
  let deadMs = Number.POSITIVE_INFINITY;
  const fresh = await newcomer(
    () => {
      if (deadMs === Number.POSITIVE_INFINITY && !isAlive(victim)) deadMs = nowMs();
      return running.workerPids();
    },
    before,
    watch.ended,
  );
  if (fresh === null) return { atMs, deadMs, again, spawnMs: null, serveMs: null };
  const spawnMs = nowMs() - atMs;
  const served = await holdsWithin(SERVE_LIMIT_MS, () => watch.prober.firstAnswerMs(fresh) !== undefined, 2);
  return { atMs, deadMs, again, spawnMs, serveMs: served ? (watch.prober.firstAnswerMs(fresh) as number) - atMs : null };
}

async function newcomer(pids: () => number[], before: readonly number[], ended: () => boolean): Promise<number | null> {
  let found: number | undefined;
  await holdsWithin(SPAWN_LIMIT_MS, () => ended() || (found = pids().find((pid) => !before.includes(pid))) !== undefined, 1);
  return found ?? null;
}

/** @returns whether it was sent while a worker lived that was dead when it was lost */
function wasInFlight({ sentMs, lostMs }: LostRequest, list: readonly Kill[]): boolean {
  return list.some(({ atMs, deadMs }) => sentMs <= deadMs && atMs <= lostMs);
}

function row(contender: Contender, rounds: readonly Round[]): Row {
  const list = rounds.flatMap((one) => one.kills);
  const first = list.filter(({ again }) => !again);
  const second = list.filter(({ again }) => again);
  const gaveUp = rounds.filter(({ ended }) => ended !== null);
  const sum = (of: (round: Round) => number): string => String(rounds.reduce((total, round) => total + of(round), 0));
  return {
    server: fullTitle(contender),
    kills: gaveUp.length === 0 ? `${list.length}` : `${list.length}; gave up ${gaveUp.length} times, ${gaveUp[0]?.ended}`,
    ...columns("spawn", first, ({ spawnMs }) => spawnMs),
    ...columns("serve", first, ({ serveMs }) => serveMs),
    ...columns("again: spawn", second, ({ spawnMs }) => spawnMs),
    "lost in flight": sum(({ lostInFlight }) => lostInFlight),
    "lost beyond": sum(({ lostBeyond }) => lostBeyond.length),
    sent: sum(({ sent }) => sent),
  };
}

function columns(name: string, list: readonly Kill[], of: (kill: Kill) => number | null): Row {
  const { median: middle, worst } = spread(list.map(of));
  return { [`${name}: median, worst ms`]: `${middle}, ${worst}` };
}

function spread(values: readonly (number | null)[]): { readonly median: string; readonly worst: string } {
  const known = values.filter((value) => value !== null);
  const never = values.length - known.length;
  return { median: text(median(known)), worst: never > 0 ? `never (${never} times)` : known.length === 0 ? "-" : text(Math.max(...known)) };
}
