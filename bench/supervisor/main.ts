/** `npm run bench:supervisor`: our supervisor beside others, on this computer, in one run. See ../README.md. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Bench, PointResult } from "./bench.ts";
import { Lab } from "./lab.ts";
import { duration } from "./numbers.ts";
import { parse, USAGE, type Options } from "./options.ts";
import { points } from "./points/all.ts";
import { prepare } from "./setup.ts";
import { nowMs } from "./waiting.ts";

const USAGE_EXIT = 2;

const options = readOptions();
const lab = new Lab();
try {
  await main(options);
} catch (error) {
  process.stderr.write(`${(error as Error).stack}\n`);
  process.exitCode = 1;
} finally {
  lab.close();
}
// Sockets of servers that were killed would keep it for a while.
process.exit();

function readOptions(): Options {
  try {
    return parse(
      process.argv.slice(2),
      points.map(({ number }) => number),
    );
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${USAGE}\n`);
    process.exit(USAGE_EXIT);
  }
}

async function main({ only, quick, repeat, json }: Options): Promise<void> {
  const startedMs = nowMs();
  const say = (text: string): void => void process.stderr.write(`[${duration(nowMs() - startedMs)}] ${text}\n`);
  const tools = await prepare(join(lab.folder, "bundle"));
  const bench: Bench = { tools, lab, quick, repeat, say };
  for (const [name, fact] of Object.entries(tools.facts)) process.stdout.write(`${`${name}:`.padEnd(9)} ${fact}\n`);
  process.stdout.write(`rerun:    npm run bench:supervisor -- ${process.argv.slice(2).join(" ")}\n`);
  const results: Record<number, PointResult["data"]> = {};
  for (const point of points.filter(({ number }) => only.includes(number))) {
    say(`${point.number}: ${point.title}`);
    const { tables, data } = await point.run(bench);
    results[point.number] = data;
    process.stdout.write(`${tables.join("\n")}\n`);
    // After each point: a long run that is interrupted has not been for nothing.
    if (json !== null) writeFileSync(json, `${JSON.stringify({ facts: tools.facts, quick, repeat, results }, null, 2)}\n`);
  }
  say("done");
}
