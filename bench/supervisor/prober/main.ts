/** The prober, in a process of its own: `main.ts OPTIONS-AS-JSON`; ends when its input does, or when it has sent all. */
import { setInterval } from "node:timers";
import { nowMs } from "../waiting.ts";
import type { ProbeLine, ProbeOptions } from "./report.ts";
import { Stream } from "./stream.ts";

const STEP_MS = 2;

const options = JSON.parse(process.argv[2] ?? "") as ProbeOptions;
const seen = new Set<number>();
const say = (line: ProbeLine): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

const streams = options.streams.map(
  (stream) =>
    new Stream(stream, options.timeoutMs, (pid) => {
      if (seen.has(pid)) return;
      seen.add(pid);
      say({ kind: "first", pid, atMs: nowMs() });
    }),
);

const startMs = nowMs();
const pacing = setInterval(() => {
  const atMs = nowMs();
  for (const stream of streams) stream.sendDue(startMs, atMs, options.maxRequests);
  if (streams.every(({ sent }) => sent >= options.maxRequests)) void finish();
}, STEP_MS);
process.stdin.on("end", () => void finish()).resume();

let finishing = false;
async function finish(): Promise<void> {
  if (finishing) return;
  finishing = true;
  clearInterval(pacing);
  const results = await Promise.all(streams.map((stream) => stream.result()));
  const { user, system } = process.cpuUsage();
  say({ kind: "results", streams: results, cpuMs: (user + system) / 1000 });
  process.stdin.destroy();
}
