/** An agent in a temporary folder whose systemd is made up: links and states in memory, files in the folder. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, unlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { Agent } from "../../../runtime/agent/context.ts";
import { pathsUnder } from "../../../runtime/agent/paths.ts";
import type { Run } from "../../../runtime/agent/run.ts";

export interface FakeAgent extends Agent {
  root: string;
  /** Units that run; tests may change it. */
  running: Set<string>;
  /** Every systemctl call, in order. */
  calls: string[];
  steps: string[];
  uptime: number;
  boot: string;
}

export function fakeAgent(t: TestContext): FakeAgent {
  const root = mkdtempSync(join(tmpdir(), "fleetwright-agent-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const paths = pathsUnder(root);
  const fake = {
    root,
    running: new Set<string>(),
    calls: [] as string[],
    steps: [] as string[],
    uptime: 1000,
    boot: "boot-1",
  };
  const systemctl = fakeSystemctl(fake, (target) => paths.wants(target));
  const run: Run = async (command, args) => (command === "systemctl" ? systemctl(args) : { code: 0, stdout: "", stderr: "" });
  return Object.assign(fake, {
    paths,
    run,
    signal: new AbortController().signal,
    report: {
      step: (step: string, text: string) => fake.steps.push(`${step}: ${text}`),
      done: () => undefined,
      failed: () => undefined,
    },
    clock: {
      uptimeMs: async () => fake.uptime,
      nowMs: () => performance.now(),
      wallTime: () => "2026-01-01T00:00:00.000Z",
      bootId: async () => fake.boot,
    },
  });
}

type Fake = Pick<FakeAgent, "running" | "calls">;

function fakeSystemctl(fake: Fake, wants: (target: string) => string) {
  return (args: string[]) => {
    const [verb = "", ...rest] = args;
    const units = rest.filter((word) => !word.startsWith("-"));
    if (verb === "show")
      return {
        code: 0,
        stderr: "",
        stdout: units.flatMap((unit) => show(fake, unit)).join("\n\n"),
      };
    fake.calls.push([verb, ...units].join(" "));
    for (const unit of units) apply(fake, wants, verb, unit);
    return { code: 0, stdout: "", stderr: "" };
  };
}

function show({ running }: Fake, unit: string): string[] {
  const names = unit.includes("*") ? [...running].filter((name) => name.startsWith(unit.split("*")[0] ?? "")) : [unit];
  return names.map(
    (name) => `Id=${name}\nActiveState=${running.has(name) ? "active" : "inactive"}\nResult=success\nExecMainStatus=0\nNRestarts=0`,
  );
}

function apply({ running }: Fake, wants: (target: string) => string, verb: string, unit: string): void {
  if (verb === "start" || verb === "restart") running.add(unit);
  if (verb === "stop") running.delete(unit);
  const folder = wants(unit.endsWith(".socket") ? "sockets.target" : "multi-user.target");
  if (verb === "disable") unlinkSync(join(folder, unit));
  if (verb !== "enable") return;
  mkdirSync(folder, { recursive: true });
  try {
    symlinkSync(`/etc/systemd/system/${unit}`, join(folder, unit));
  } catch {
    // It was enabled already, which is no error for systemctl either.
  }
}
