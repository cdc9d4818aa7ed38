/** Point 5: memory of the whole tree and of the parent, and CPU time when nobody asks anything. */
import { type Bench, type Point, type Served, serve, withServed } from "../bench.ts";
import { allContenders, fullTitle } from "../contenders/all.ts";
import type { Contender } from "../contenders/contender.ts";
import { text } from "../numbers.ts";
import { fineCpuMs, pssMiB, treeOf } from "../processes.ts";
import { type Row, render } from "../table.ts";
import { nowMs, sleep } from "../waiting.ts";

const WORKERS = 4;
/** After the last answer: what a start leaves behind is collected, or not. */
const SETTLE_MS = 3_000;
const IDLE_MS = 20_000;

interface Memory {
  readonly id: string;
  readonly title: string;
  readonly treeMiB: number;
  readonly parentMiB: number;
  readonly processes: number;
}

interface Idle {
  readonly parentPercent: number;
  readonly treePercent: number;
}

export const memory: Point = {
  number: 5,
  title: "Memory, and CPU time when idle",
  async run(bench) {
    const memories: Memory[] = [];
    for (const contender of allContenders) memories.push(await measureMemory(contender, bench));
    const idle = await measureIdle(bench);
    const both = memories.map((one, index) => ({ ...one, ...(idle[index] as Idle) }));
    const notes = [
      "PSS, one contender at a time; our Node is a copy of its own, so that its pages are shared within the tree only.",
      "Python's own pages are shared with other Pythons that may run on this computer.",
    ];
    return { tables: [render(`5. ${WORKERS} workers, idle: PSS, and CPU time in percent of one core`, both.map(row), notes)], data: both };
  },
};

const serveIdle = (contender: Contender, bench: Bench) => serve(contender, { workers: WORKERS, listen: "tcp" }, bench);

function measureMemory(contender: Contender, bench: Bench): Promise<Memory> {
  bench.say(`5: memory of ${fullTitle(contender)}`);
  return withServed([() => serveIdle(contender, bench)], async ([served]) => {
    await sleep(SETTLE_MS);
    const { parentPid } = (served as Served).running;
    const tree = treeOf(parentPid);
    return {
      id: contender.id,
      title: fullTitle(contender),
      treeMiB: pssMiB(tree),
      parentMiB: pssMiB([parentPid]),
      processes: tree.length,
    };
  });
}

/** All at once: those that idle don't disturb each other. */
function measureIdle(bench: Bench): Promise<Idle[]> {
  bench.say("5: idle CPU of all");
  const starts = allContenders.map((contender) => () => serveIdle(contender, bench));
  return withServed(starts, async (served) => {
    await sleep(SETTLE_MS);
    const parents = served.map(({ running }) => running.parentPid);
    const trees = parents.map(treeOf);
    const before = trees.map((tree, index) => ({ tree: fineCpuMs(tree), parent: fineCpuMs([parents[index] as number]) }));
    const startedMs = nowMs();
    await sleep(bench.quick ? IDLE_MS / 4 : IDLE_MS);
    const percent = (ms: number): number => (100 * ms) / (nowMs() - startedMs);
    return trees.map((tree, index) => ({
      parentPercent: percent(fineCpuMs([parents[index] as number]) - (before[index]?.parent ?? 0)),
      treePercent: percent(fineCpuMs(tree) - (before[index]?.tree ?? 0)),
    }));
  });
}

const row = ({ title, treeMiB, parentMiB, processes, parentPercent, treePercent }: Memory & Idle): Row => ({
  server: title,
  processes: String(processes),
  "tree, MiB": text(treeMiB),
  "parent, MiB": text(parentMiB),
  "parent's idle CPU %": text(parentPercent, 2),
  "tree's idle CPU %": text(treePercent, 2),
});
