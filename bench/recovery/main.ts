/** `npm run bench:recovery`: from nothing to verified HTTPS, by phase, beside `npm run local` and an Ansible playbook. See ../README.md. */
import { mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { phaseTitles, recoveryPhases } from "../../infra/recovery/phases.ts";
import { median, text } from "../supervisor/numbers.ts";
import { render, type Row } from "../supervisor/table.ts";
import { type Options, parse, USAGE } from "./options.ts";
import { fillStore, type Filled, type Fleet, type Recovery, recoverTwice } from "./ours.ts";
import { type Rebuilt, rebuildTheirs } from "./theirs.ts";

const say = (line: string): void => void process.stderr.write(`${line}\n`);

function readOptions(): Options {
  try {
    return parse(process.argv.slice(2));
  } catch (error) {
    say(`${(error as Error).message}\n\n${USAGE}`);
    process.exit(2);
  }
}

interface Round {
  filled: Filled;
  recoveries: Recovery[];
  rebuilt: Rebuilt;
}

async function measure(fleet: Fleet): Promise<Round> {
  const { size } = fleet;
  const folder = mkdtempSync(join(tmpdir(), "fleetwright-bench-recovery-"));
  try {
    const filled = await fillStore(join(folder, "store"), fleet);
    say(`${size} machines, npm run local: ${text(filled.localMs / 1000)} s`);
    const recoveries = await recoverTwice(filled);
    for (const { kind, wallMs } of recoveries) say(`${size} machines, recover, ${kind} caches: ${text(wallMs / 1000)} s`);
    const rebuilt = await rebuildTheirs(filled.store, fleet, say);
    say(`${size} machines, ansible: ${text((rebuilt.machinesMs + rebuilt.playbookMs) / 1000)} s`);
    return { filled, recoveries, rebuilt };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const seconds = (values: readonly number[]): string => text(median(values.map((ms) => ms / 1000)));

function wholeRow(size: number, rounds: readonly Round[]): Row {
  const all = rounds.flatMap(({ recoveries }) => recoveries);
  const of = (kind: Recovery["kind"]) => all.filter((one) => one.kind === kind).map(({ wallMs }) => wallMs);
  return {
    machines: String(size),
    "recover, cold s": seconds(of("cold")),
    "recover, warm s": seconds(of("warm")),
    "npm run local s": seconds(rounds.map(({ filled }) => filled.localMs)),
    "ansible s": seconds(rounds.map(({ rebuilt }) => rebuilt.machinesMs + rebuilt.playbookMs)),
    "of which machines s": seconds(rounds.map(({ rebuilt }) => rebuilt.machinesMs)),
  };
}

function phaseRow(size: number, kind: Recovery["kind"], rounds: readonly Round[]): Row {
  const all = rounds.flatMap(({ recoveries }) => recoveries.filter((one) => one.kind === kind));
  const cells = recoveryPhases
    .filter((phase) => phase !== "cleanUp")
    .map((phase) => [phaseTitles[phase], seconds(all.map(({ times }) => times.find((time) => time.phase === phase)?.monotonicMs ?? 0))]);
  return { fleet: String(size), caches: kind, ...(Object.fromEntries(cells) as Row) };
}

const { sizes, rounds, cpuQuota } = readOptions();
const quota = cpuQuota === undefined ? {} : { cpuQuota };
process.stdout.write(
  `rerun: npm run bench:recovery -- --sizes ${sizes.join(",")} --rounds ${rounds}${cpuQuota === undefined ? "" : ` --cpu-quota ${cpuQuota}`}\n`,
);
process.stdout.write(`load average before: ${loadavg()[0]?.toFixed(1)}\n`);
const whole: Row[] = [];
const byPhase: Row[] = [];
for (const size of sizes) {
  const all: Round[] = [];
  for (let round = 0; round < rounds; round++) all.push(await measure({ size, ...quota }));
  whole.push(wholeRow(size, all));
  byPhase.push(phaseRow(size, "cold", all), phaseRow(size, "warm", all));
}
const notes = [
  "cold: a clone without packages, an empty home, empty caches, no registry; the machines' image at hand.",
  "warm: once more in the same clone, its machines and state gone again.",
  "npm run local: no machine there, this computer's caches.",
  "ansible: the same kind of empty machines, then a playbook with the store's archives.",
];
process.stdout.write(`${render(`From nothing to HTTPS, medians of ${rounds} rounds`, whole, notes)}\n`);
process.stdout.write(`${render("Recovery by phase, seconds", byPhase, [])}\n`);
process.stdout.write(`load average after: ${loadavg()[0]?.toFixed(1)}\n`);
