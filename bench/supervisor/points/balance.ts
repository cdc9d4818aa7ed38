/** Point 6: how evenly workers get requests through Caddy's kept connections: steady, while they are replaced, and killed. */
import { type Bench, type Point, type Served, serve, withServed } from "../bench.ts";
import { asgiContenders, fullTitle, nodeContenders } from "../contenders/all.ts";
import type { Contender } from "../contenders/contender.ts";
import { wrk } from "../load/wrk.ts";
import { duration, shares, text } from "../numbers.ts";
import { Prober } from "../prober/prober.ts";
import { fourStreams, type StreamResult } from "../prober/report.ts";
import { signal } from "../processes.ts";
import type { Loop } from "../setup.ts";
import { type Row, render } from "../table.ts";
import { holdsWithin, nowMs, sleep } from "../waiting.ts";

const WORKERS = 4;
const CONNECTIONS = 64;
/** Of each of the four streams. */
const PER_SECOND = 60;
const CHANGE_LIMIT_MS = 12_000;
const RELOADS = 3;
const KILLS = 5;

interface Candidate {
  readonly contender: Contender;
  readonly title: string;
  readonly loop?: Loop;
}

interface Steady {
  readonly method: "GET" | "POST";
  readonly shares: readonly number[];
  readonly p99Ms: number;
  readonly errors: number;
}

interface Change {
  readonly what: string;
  readonly sent: number;
  readonly lost: number;
  readonly worstMs: number;
  readonly shares: readonly number[];
}

interface Measured {
  readonly title: string;
  readonly steady: readonly Steady[];
  readonly changes: readonly Change[];
}

export const balance: Point = {
  number: 6,
  title: "Balance of the workers behind Caddy",
  async run(bench) {
    const measured: Measured[] = [];
    for (const candidate of candidates()) measured.push(await measure(candidate, bench));
    const steadyTitle = `6. Steady: each worker's percentage of answers; ${WORKERS} workers, Caddy on a unix socket, wrk with ${CONNECTIONS} kept connections`;
    const changesTitle = `6. Under change: ${4 * PER_SECOND} requests a second, fresh and kept connections, GET and POST, through Caddy`;
    const notes = ["Even would be 25 each. Under change, percentages are those of all workers that were there, old and new."];
    return { tables: [render(steadyTitle, measured.map(steadyRow)), render(changesTitle, measured.flatMap(changeRows), notes)], data: measured };
  },
};

/** Those that can, on asyncio's loop and on uvloop. */
function candidates(): Candidate[] {
  const bothLoops = asgiContenders.filter(({ id }) => id === "ours-asgi" || id === "uvicorn");
  const onAsyncio = bothLoops.map((contender) => ({ contender, title: `${contender.title} (asyncio)`, loop: "asyncio" as const }));
  const onUvloop = asgiContenders.map((contender) => ({ contender, title: `${contender.title} (uvloop)`, loop: "uvloop" as const }));
  return [...onAsyncio, ...onUvloop, ...nodeContenders.map((contender) => ({ contender, title: fullTitle(contender) }))];
}

function measure({ contender, title, loop }: Candidate, bench: Bench): Promise<Measured> {
  bench.say(`6: ${title}`);
  const start = () => serve(contender, { workers: WORKERS, listen: "unix", caddy: true, ...(loop && { loop }) }, bench);
  return withServed([start], async ([served]) => {
    if (served === undefined) throw new Error("nothing was started");
    const steady = [await measureSteady(served, "GET", bench), await measureSteady(served, "POST", bench)];
    const reloaded = await measureChange("rolling reloads", served, bench, () => reloadSome(served, bench));
    const killed = await measureChange("SIGKILL of workers", served, bench, () => killSome(served, bench));
    return { title, steady, changes: [reloaded, killed] };
  });
}

async function measureSteady({ address }: Served, method: "GET" | "POST", { tools, lab, quick }: Bench): Promise<Steady> {
  if (!("port" in address)) throw new Error("wrk needs TCP");
  const options = { address, method, keepAlive: true, connections: CONNECTIONS, durationS: quick ? 1 : 3, countPids: true };
  const { byPid, p99Ms, errors } = await wrk(options, tools, lab);
  return { method, shares: shares(Object.values(byPid), WORKERS), p99Ms, errors };
}

async function measureChange(what: string, { address }: Served, { lab }: Bench, change: () => Promise<number>): Promise<Change> {
  const prober = new Prober({ streams: fourStreams(address, PER_SECOND), maxRequests: PER_SECOND * 100, timeoutMs: 10_000 }, lab);
  await sleep(500);
  const times = await change();
  await sleep(500);
  const streams = await prober.stop();
  const sum = (of: (stream: StreamResult) => number): number => streams.reduce((total, stream) => total + of(stream), 0);
  return {
    what: `${times} ${what}`,
    sent: sum(({ sent }) => sent),
    lost: sum(({ lost }) => lost.length),
    worstMs: Math.max(...streams.map(({ worstMs }) => worstMs)),
    shares: shares(countsOf(streams), 0),
  };
}

function countsOf(streams: readonly StreamResult[]): number[] {
  const counts: Record<string, number> = {};
  for (const { byPid } of streams) for (const [pid, count] of Object.entries(byPid)) counts[pid] = (counts[pid] ?? 0) + count;
  return Object.values(counts);
}

async function reloadSome({ running }: Served, { quick }: Bench): Promise<number> {
  const startedMs = nowMs();
  let times = 0;
  while (times < (quick ? 1 : RELOADS) && nowMs() - startedMs < CHANGE_LIMIT_MS) {
    await running.reload();
    times += 1;
  }
  return times;
}

async function killSome({ running }: Served, { quick }: Bench): Promise<number> {
  const startedMs = nowMs();
  let times = 0;
  while (times < (quick ? 2 : KILLS) && nowMs() - startedMs < CHANGE_LIMIT_MS) {
    const before = running.workerPids();
    if (before.length === 0) break;
    signal(before[times % before.length] as number, "SIGKILL");
    times += 1;
    await holdsWithin(CHANGE_LIMIT_MS, () => running.workerPids().some((pid) => !before.includes(pid)));
    await sleep(700);
  }
  return times;
}

const list = (percentages: readonly number[]): string => percentages.map((share) => text(share, 2)).join(" / ");

function steadyRow({ title, steady }: Measured): Row {
  const columns = steady.flatMap(({ method, shares: of, p99Ms, errors }) => [
    [method, list(of)],
    [`${method}: p99`, duration(p99Ms)],
    [`${method}: errors`, String(errors)],
  ]);
  return { server: title, ...(Object.fromEntries(columns) as Row) };
}

const changeRows = ({ title, changes }: Measured): Row[] =>
  changes.map(({ what, sent, lost, worstMs, shares: of }) => ({
    server: title,
    change: what,
    "lost/sent": `${lost}/${sent}`,
    "worst latency": duration(worstMs),
    "busiest workers": list(of.slice(0, 6)),
  }));
