/** Point 4: an app that blocks its event loop, and one that can't be loaded. */
import { readFileSync, writeFileSync } from "node:fs";
import http from "node:http";
import { join } from "node:path";
import { type Bench, type Point, type Served, serve, withServed } from "../bench.ts";
import { allContenders, fullTitle } from "../contenders/all.ts";
import type { Contender } from "../contenders/contender.ts";
import { askPid } from "../http.ts";
import { duration } from "../numbers.ts";
import { isAlive } from "../processes.ts";
import { type Row, render } from "../table.ts";
import { holdsWithin, nowMs, sleep } from "../waiting.ts";

const WORKERS = 2;
const BLOCKED_FOR_MS = 60_000;
const PATIENCE_MS = 45_000;
const CRASHING_MS = 15_000;
/** What one would set where a blocked worker is to be found fast. */
const SHORT_LIVENESS_MS = 5_000;

interface Blocked {
  readonly id: string;
  readonly title: string;
  /** From the request that blocks until the worker was dead; null: never. */
  readonly foundMs: number | null;
  readonly patienceMs: number;
}

interface Crashing {
  readonly id: string;
  /** How long it was watched at most. */
  readonly limitMs: number;
  readonly title: string;
  readonly boots: number;
  readonly lastedMs: number;
  readonly end: string;
}

export const stuck: Point = {
  number: 4,
  title: "Blocked event loop, crash loop",
  async run(bench) {
    const blocked = await measureBlocked(bench);
    const crashing: Crashing[] = [];
    for (const contender of allContenders) crashing.push(await crashLoop(contender, bench));
    return {
      tables: [
        render("4. A request blocks its worker's event loop: until the worker is killed", blocked.map(blockedRow)),
        render(`4. The app fails when it is loaded; ${WORKERS} workers, watched for ${duration(crashing[0]?.limitMs ?? 0)}`, crashing.map(crashRow)),
      ],
      data: { blocked, crashing },
    };
  },
};

interface Candidate {
  readonly contender: Contender;
  readonly title: string;
  readonly livenessTimeoutMs?: number;
}

/** All at once, as they only wait. */
async function measureBlocked(bench: Bench): Promise<Blocked[]> {
  bench.say("4: blocked event loops");
  const ours = allContenders.filter(({ id }) => id.startsWith("ours"));
  const candidates: Candidate[] = [
    ...ours.map((contender) => ({
      contender,
      title: `${fullTitle(contender)}, --liveness-timeout-ms ${SHORT_LIVENESS_MS}`,
      livenessTimeoutMs: SHORT_LIVENESS_MS,
    })),
    ...allContenders.map((contender) => ({ contender, title: `${fullTitle(contender)}, defaults` })),
  ];
  const starts = candidates.map(
    ({ contender, livenessTimeoutMs }) =>
      () =>
        serve(contender, { workers: WORKERS, listen: "tcp", ...(livenessTimeoutMs && { livenessTimeoutMs }) }, bench),
  );
  const patienceMs = bench.quick ? PATIENCE_MS / 3 : PATIENCE_MS;
  return withServed(starts, (served) =>
    Promise.all(
      served.map(async (one, index) => ({
        id: one.contender.id,
        title: candidates[index]?.title ?? one.contender.title,
        foundMs: await block(one, patienceMs),
        patienceMs,
      })),
    ),
  );
}

async function block({ address }: Served, patienceMs: number): Promise<number | null> {
  // The second request then goes to the worker that has answered the first.
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const pid = await askPid(address, "/", agent);
  const startedMs = nowMs();
  askPid(address, `/block?ms=${BLOCKED_FOR_MS}`, agent, BLOCKED_FOR_MS).catch(() => {});
  const found = await holdsWithin(patienceMs, () => !isAlive(pid), 20);
  const foundMs = nowMs() - startedMs;
  agent.destroy();
  return found ? foundMs : null;
}

async function crashLoop(contender: Contender, { tools, lab, say, quick }: Bench): Promise<Crashing> {
  say(`4: crash loop of ${fullTitle(contender)}`);
  const boots = join(lab.newFolder("boots"), "boots");
  writeFileSync(boots, "");
  const listen = { host: "127.0.0.1", port: await lab.freePort() };
  const limitMs = quick ? CRASHING_MS / 3 : CRASHING_MS;
  const startedMs = nowMs();
  const running = await contender.start({ app: "broken", workers: WORKERS, listen, env: { BENCH_BOOTS: boots } }, tools, lab);
  try {
    const end = await Promise.race([running.ended, sleep(limitMs).then(() => "still runs")]);
    const lines = readFileSync(boots, "utf8").split("\n").length - 1;
    return { id: contender.id, title: fullTitle(contender), limitMs, boots: lines, lastedMs: nowMs() - startedMs, end };
  } finally {
    await running.stop();
  }
}

const blockedRow = ({ title, foundMs, patienceMs }: Blocked): Row => ({
  server: title,
  "found and killed after": foundMs === null ? `not within ${duration(patienceMs)}` : duration(foundMs),
});

const crashRow = ({ title, boots, lastedMs, end }: Crashing): Row => ({
  server: title,
  boots: String(boots),
  "ended after": end === "still runs" ? "-" : duration(lastedMs),
  "parent then": end,
});
