/** Point 2: requests lost and worst latency while workers are replaced again and again. */
import { type Bench, type Point, serve, withServed } from "../bench.ts";
import { allContenders, fullTitle } from "../contenders/all.ts";
import type { Contender } from "../contenders/contender.ts";
import { duration, median, text } from "../numbers.ts";
import { Prober } from "../prober/prober.ts";
import { fourStreams, type StreamResult } from "../prober/report.ts";
import { type Row, render } from "../table.ts";
import { nowMs, sleep } from "../waiting.ts";

const WORKERS = 2;
const RELOADS = 50;
/** Of each of the four streams. */
const PER_SECOND = 50;
/** For those who take seconds for one reload. */
const LIMIT_MS = 12_000;
/** Ours makes all reloads, unless the computer is very busy. */
const OUR_LIMIT_MS = 90_000;

interface Series {
  readonly contender: Contender;
  readonly caddy: boolean;
  readonly reloadMs: readonly number[];
  readonly streams: readonly StreamResult[];
}

export const reloads: Point = {
  number: 2,
  title: "Requests lost over reloads, under open-loop load",
  async run(bench) {
    const all: Series[] = [];
    for (const caddy of [false, true]) for (const contender of allContenders) all.push(await measure(contender, caddy, bench));
    const title = `2. ${WORKERS} workers, reload after reload, ${4 * PER_SECOND} requests a second: lost of sent, and the worst latency`;
    const notes = allContenders.flatMap(({ note }) => note ?? []);
    return {
      tables: [render(title, all.map(row), [`Up to ${RELOADS} reloads; others than ours get ${duration(LIMIT_MS)}.`, ...notes, ...reasons(all)])],
      data: all.map(({ contender, ...rest }) => ({ id: contender.id, ...rest })),
    };
  },
};

async function measure(contender: Contender, caddy: boolean, bench: Bench): Promise<Series> {
  bench.say(`2: ${fullTitle(contender)}${caddy ? " behind Caddy" : ""}`);
  const start = () => serve(contender, { workers: WORKERS, listen: caddy ? "unix" : "tcp", caddy }, bench);
  return withServed([start], async ([served]) => {
    if (served === undefined) throw new Error("nothing was started");
    const streams = fourStreams(served.address, PER_SECOND);
    const prober = new Prober({ streams, maxRequests: PER_SECOND * 300, timeoutMs: 10_000 }, bench.lab);
    await sleep(1_000);
    const reloadMs = await reloadAgainAndAgain(served.running.reload, contender.id.startsWith("ours") ? OUR_LIMIT_MS : LIMIT_MS, bench.quick);
    await sleep(500);
    return { contender, caddy, reloadMs, streams: await prober.stop() };
  });
}

async function reloadAgainAndAgain(reload: () => Promise<void>, limitMs: number, quick: boolean): Promise<number[]> {
  const startedMs = nowMs();
  const tookMs: number[] = [];
  while (tookMs.length < (quick ? 8 : RELOADS) && nowMs() - startedMs < (quick ? limitMs / 4 : limitMs)) {
    const oneMs = nowMs();
    await reload();
    tookMs.push(nowMs() - oneMs);
  }
  return tookMs;
}

function row({ contender, caddy, reloadMs, streams }: Series): Row {
  const lost = streams.reduce((sum, stream) => sum + stream.lost.length, 0);
  const kinds = streams.map(({ name, lost: ofKind, sent, worstMs }) => [name, `${ofKind.length}/${sent}, ${duration(worstMs)}`]);
  return {
    way: caddy ? "Caddy, unix socket" : "direct, TCP",
    server: fullTitle(contender),
    reloads: String(reloadMs.length),
    "one takes": duration(median(reloadMs)),
    lost: String(lost),
    "lost/reload": text(lost / reloadMs.length),
    ...(Object.fromEntries(kinds) as Row),
  };
}

/** What became of the lost ones, in the words of the client. */
function reasons(all: readonly Series[]): string[] {
  return all.flatMap(({ contender, caddy, streams }) => {
    const counts: Record<string, number> = {};
    for (const { lost, name } of streams) for (const { why } of lost) counts[`${name}: ${why}`] = (counts[`${name}: ${why}`] ?? 0) + 1;
    const list = Object.entries(counts).map(([why, count]) => `${count} × ${why}`);
    return list.length === 0 ? [] : [`${fullTitle(contender)}${caddy ? " behind Caddy" : ""} lost: ${list.join("; ")}`];
  });
}
