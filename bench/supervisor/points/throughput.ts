/** Point 1: requests a second, latencies, and server CPU time per request. */
import { availableParallelism } from "node:os";
import { type Bench, type Point, type PointResult, type Served, serve, withServed } from "../bench.ts";
import { asgiContenders, nodeContenders } from "../contenders/all.ts";
import type { AppName, Contender } from "../contenders/contender.ts";
import { wrk } from "../load/wrk.ts";
import { median, pairedRatio, text } from "../numbers.ts";
import { cpuMs, treeOf } from "../processes.ts";
import { type Row, render } from "../table.ts";
import { sleep } from "../waiting.ts";

interface Group {
  readonly title: string;
  readonly app: AppName;
  readonly contenders: readonly Contender[];
  /** Whether Caddy stands in front, for each measurement. */
  readonly caddy: readonly boolean[];
}

const GROUPS: readonly Group[] = [
  { title: "ASGI, FastAPI", app: "main", contenders: asgiContenders, caddy: [false, true] },
  { title: "ASGI, no framework", app: "bare", contenders: asgiContenders, caddy: [false] },
  { title: "Node, node:http", app: "main", contenders: nodeContenders, caddy: [false, true] },
];

interface Kind {
  readonly name: string;
  readonly method: "GET" | "POST";
  readonly keepAlive: boolean;
}

const KINDS: readonly Kind[] = [
  { name: "GET, keep-alive", method: "GET", keepAlive: true },
  { name: "POST, keep-alive", method: "POST", keepAlive: true },
  { name: "GET, fresh", method: "GET", keepAlive: false },
];

/** Compiles what there is to compile. */
const warmUp: Kind = { name: "POST", method: "POST", keepAlive: true };

const CONNECTIONS = 32;
/** Many short samples in turns: what disturbs the machine for a while then disturbs all alike. */
const SAMPLE_S = 1;

interface Sample {
  readonly requestsPerS: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly errors: number;
  readonly serverCpuUs: number;
  readonly caddyCpuUs: number;
}

interface Series {
  readonly contender: Contender;
  readonly samples: Sample[];
}

interface Measured {
  readonly group: string;
  readonly way: string;
  readonly kind: string;
  readonly series: readonly Series[];
}

export const throughput: Point = {
  number: 1,
  title: "Requests a second, latency, server CPU time per request",
  async run(bench) {
    const measured: Measured[] = [];
    for (const group of GROUPS) {
      if (bench.quick && group.app === "bare") continue;
      for (const caddy of group.caddy) measured.push(...(await measureGroup(group, caddy, bench)));
    }
    return report(measured, bench);
  },
};

/** As many workers as there are cores, as one would run them. */
const workers = Math.max(2, availableParallelism());

async function measureGroup(group: Group, caddy: boolean, bench: Bench): Promise<Measured[]> {
  const way = caddy ? "Caddy, unix socket" : "direct, TCP";
  bench.say(`1: ${group.title}, ${way}`);
  const options = { app: group.app, workers, listen: caddy ? "unix" : "tcp", caddy } as const;
  const starts = group.contenders.map((contender) => () => serve(contender, options, bench));
  return withServed(starts, async (served) => {
    const measured: Measured[] = [];
    for (const one of served) await load(one, warmUp, bench);
    for (const kind of KINDS) {
      const series = served.map(({ contender }): Series => ({ contender, samples: [] }));
      for (let round = 0; round < bench.repeat; round++) await measureRound(served, series, kind, round, bench);
      measured.push({ group: group.title, way, kind: kind.name, series });
    }
    return measured;
  });
}

/** All contenders in turn; every second round in the reverse order, as the machine may get slower or faster meanwhile. */
async function measureRound(served: readonly Served[], series: readonly Series[], kind: Kind, round: number, bench: Bench): Promise<void> {
  const order = served.map((one, index) => ({ one, samples: series[index]?.samples }));
  if (round % 2 === 1) order.reverse();
  for (const { one, samples } of order) samples?.push(await measure(one, kind, bench));
}

function load({ address }: Served, { method, keepAlive }: Kind, { tools, lab }: Bench) {
  if (!("port" in address)) throw new Error("wrk needs TCP");
  return wrk({ address, method, keepAlive, connections: CONNECTIONS, durationS: SAMPLE_S }, tools, lab);
}

async function measure(served: Served, kind: Kind, bench: Bench): Promise<Sample> {
  const tree = treeOf(served.running.parentPid);
  const caddy = served.front === undefined ? [] : [served.front.pid];
  const before = { server: cpuMs(tree), caddy: cpuMs(caddy) };
  const result = await load(served, kind, bench);
  // A closing connection's work may be a moment late.
  await sleep(50);
  const perRequestUs = (ms: number): number => (1000 * ms) / result.requests;
  return {
    ...result,
    serverCpuUs: perRequestUs(cpuMs(tree) - before.server),
    caddyCpuUs: perRequestUs(cpuMs(caddy) - before.caddy),
  };
}

function report(measured: readonly Measured[], { repeat }: Bench): PointResult {
  const tables = [...new Set(measured.map(({ group }) => group))].map((group) =>
    render(
      `1. ${group}: ${workers} workers, wrk with ${CONNECTIONS} connections, medians of ${repeat} rounds`,
      measured.filter((one) => one.group === group).flatMap(rows),
      ["ours/theirs: of each round, their median. Requests a second: above 1 we are faster. CPU: below 1 we are cheaper."],
    ),
  );
  return { tables, data: measured.map(({ series, ...rest }) => ({ ...rest, series: series.map(({ contender, samples }) => ({ id: contender.id, samples })) })) };
}

function rows({ way, kind, series }: Measured): Row[] {
  const [ours] = series;
  const of = (one: Series | undefined, key: keyof Sample): number[] => (one?.samples ?? []).map((sample) => sample[key]);
  const ratio = (one: Series, key: keyof Sample): string => (one === ours ? "" : text(pairedRatio(of(ours, key), of(one, key)), 3));
  return series.map((one) => ({
    way,
    requests: kind,
    server: one.contender.title,
    "req/s": text(median(of(one, "requestsPerS"))),
    "ours/theirs": ratio(one, "requestsPerS"),
    "p50 ms": text(median(of(one, "p50Ms"))),
    "p99 ms": text(median(of(one, "p99Ms"))),
    "CPU µs/req": text(median(of(one, "serverCpuUs"))),
    "ours/theirs ": ratio(one, "serverCpuUs"),
    "Caddy µs/req": way.startsWith("Caddy") ? text(median(of(one, "caddyCpuUs"))) : "",
    errors: String(of(one, "errors").reduce((sum, count) => sum + count, 0)),
  }));
}
