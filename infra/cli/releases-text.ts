/** Machines' histories for people. Pure. */
import Table from "cli-table3";
import type { Releases } from "../../runtime/report.ts";
import { short } from "../rollout/plan.ts";
import type { MachineReleases } from "./ask-releases.ts";

/** How many switches of each machine are shown; `--json` has them all. */
const SHOWN = 15;

export function releasesText({ fleet, app, machines }: { fleet: string; app: string; machines: readonly MachineReleases[] }): string {
  const parts = machines.map((machine) =>
    machine.state === "answered" ? `${machine.name}\n${table(machine.releases)}\n` : `${machine.name}: ${machine.why}\n`,
  );
  return [`${fleet} (app ${app})\n`, ...parts].join("\n");
}

function table(releases: Releases): string {
  if (releases.history.length === 0) return "  no release was ever switched to here";
  const rows = new Table({
    head: ["when", "what", "release", "generation", "by", "now", "why it ended so"],
    style: { head: [], border: [], compact: true },
  });
  const latest = new Map(releases.history.map((line, index) => [line.generation, index]));
  const lines = releases.history.map((line, index) => ({ line, isLatest: latest.get(line.generation) === index }));
  for (const { line, isLatest } of lines.slice(-SHOWN).toReversed()) {
    rows.push([
      line.at.replace(/\.\d+Z$/, "Z"),
      line.rollbackFrom === undefined ? line.event : `${line.event} (rollback from ${short(line.rollbackFrom)})`,
      short(line.release),
      line.generation,
      line.by,
      isLatest ? standing(releases, line.generation) : "",
      line.why.split("\n")[0] ?? "",
    ]);
  }
  return rows.toString();
}

/** What a generation is to its machine now. */
export function standing({ live, previous, stored }: Releases, generation: string): "live" | "previous" | "stored" | "gone" {
  if (live?.generation === generation) return "live";
  const there = stored.some((entry) => entry.generation === generation && entry.complete);
  if (!there) return "gone";
  return previous === generation ? "previous" : "stored";
}
