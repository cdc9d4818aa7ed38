/** Asks and tells systemd. What it says is read by pure functions. */
import type { Agent } from "./context.ts";
import { AgentFailure } from "./failure.ts";
import { namesIn } from "./files.ts";
import { generationInUnit, unitNames } from "./paths.ts";

type Systemd = Pick<Agent, "run">;

export interface UnitState {
  unit: string;
  /** `ActiveState`: active, reloading, inactive, failed, activating, deactivating. */
  active: string;
  /** `Result` of its last run: success, exit-code, signal, timeout, watchdog, oom-kill, … */
  result: string;
  /** `ExecMainStatus`: the exit code, or the number of the signal. */
  mainStatus: number;
  restarts: number;
}

/** Reads what `systemctl show` prints for several units; pure. */
export function parseUnits(text: string): UnitState[] {
  return text
    .split("\n\n")
    .filter((block) => block.trim() !== "")
    .map((block) => {
      const values = new Map(
        block
          .trim()
          .split("\n")
          .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
      );
      return {
        unit: values.get("Id") ?? "",
        active: values.get("ActiveState") ?? "inactive",
        result: values.get("Result") ?? "",
        mainStatus: Number(values.get("ExecMainStatus") ?? 0),
        restarts: Number(values.get("NRestarts") ?? 0),
      };
    });
}

/** @param units Names or patterns; only loaded units match a pattern. */
export async function showUnits({ run }: Systemd, ...units: string[]): Promise<UnitState[]> {
  const { stdout } = await run("systemctl", ["show", "--property=Id,ActiveState,Result,ExecMainStatus,NRestarts", "--", ...units]);
  return parseUnits(stdout);
}

export async function unitState(systemd: Systemd, unit: string): Promise<UnitState> {
  const [state] = await showUnits(systemd, unit);
  return (
    state ?? {
      unit,
      active: "inactive",
      result: "",
      mainStatus: 0,
      restarts: 0,
    }
  );
}

/** @throws AgentFailure with systemd's words. */
export async function systemctl({ run }: Systemd, ...args: string[]): Promise<void> {
  const { code, stderr } = await run("systemctl", args);
  if (code === 0) return;
  throw new AgentFailure("systemd", `systemctl ${args.join(" ")} failed: ${stderr.trim() || `exit code ${code}`}`, {
    next: `See systemctl status ${args.at(-1)}`,
  });
}

/**
 * Has systemd read its units again, if it knows any of these otherwise than their files have them, or not at all: that runs all of its
 * generators, too.
 */
export async function reloadIfStale(agent: Systemd, ...units: string[]): Promise<void> {
  const { stdout } = await agent.run("systemctl", ["show", "--property=NeedDaemonReload,LoadState", "--", ...units]);
  const known = stdout.split("\n").filter((line) => line === "LoadState=loaded").length;
  if (known < units.length || stdout.includes("NeedDaemonReload=yes")) await systemctl(agent, "daemon-reload");
}

/** Which generations of an app there are in systemd's eyes. */
export interface Observed {
  /** What a reboot would start; more than one only when a confirm was cut short. */
  enabled: string[];
  /** Serving: they have said READY. */
  running: string[];
  /** Those, and what is starting, stopping or waiting for its restart. */
  active: string[];
}

export async function observe(agent: Pick<Agent, "run" | "paths">, app: string): Promise<Observed> {
  const units = await showUnits(agent, `${app}@*.service`);
  const generations = (states: string[], among: boolean) =>
    units
      .filter(({ active }) => states.includes(active) === among)
      .map(({ unit }) => generationInUnit(app, unit))
      .filter((name) => name !== undefined)
      .sort();
  return {
    enabled: await enabledGenerations(agent, app),
    running: generations(["active", "reloading"], true),
    active: generations(["inactive", "failed"], false),
  };
}

/** By the links that `systemctl enable` made, as the boot-time converge can't ask systemd about another moment. */
export async function enabledGenerations({ paths }: Pick<Agent, "paths">, app: string): Promise<string[]> {
  const names = await namesIn(paths.wants("multi-user.target"));
  return names.map((unit) => generationInUnit(app, unit)).filter((name) => name !== undefined);
}

/** The app's last words: its unit's lines in the journal. */
export async function journal({ run }: Systemd, app: string, generation: string, lines = 30): Promise<string[]> {
  await run("journalctl", ["--sync"]);
  const { stdout } = await run("journalctl", ["-u", unitNames.generation(app, generation), "-n", String(lines), "-o", "cat", "--no-pager"]);
  return stdout.split("\n").filter((line) => line !== "");
}
