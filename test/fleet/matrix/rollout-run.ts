/** A run of `fleet rollout`, followed by its events. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { StampedEvent } from "../../../infra/rollout/events.ts";
import type { Plan } from "../../../infra/rollout/plan.ts";

const MAIN = fileURLToPath(new URL("../../../infra/cli/main.ts", import.meta.url));
/** No rollout of the matrix takes longer; one that hangs ends with what it said so far. */
const RUN_TIMEOUT_MS = 180_000;

export interface RolloutRunOptions {
  env?: Record<string, string>;
  /** Called with every event as it comes, and all that came so far. */
  onEvent?: (event: StampedEvent, run: RolloutRun) => void;
}

export interface Ended {
  /** Null when it was killed. */
  code: number | null;
  /** What is said to a person when it fails. */
  message: string;
  /** All that it printed, for the message of an assertion. */
  evidence: string;
  tookMs: number;
}

export class RolloutRun {
  readonly events: StampedEvent[] = [];
  readonly ended: Promise<Ended>;
  readonly #pid: number;

  constructor(plan: Plan, { env = {}, onEvent }: RolloutRunOptions) {
    const startedMs = performance.now();
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", MAIN, "rollout", "--json"], {
      env: { ...process.env, ...env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.#pid = child.pid ?? 0;
    child.stdin.on("error", () => undefined);
    child.stdin.end(JSON.stringify(plan));
    const others: string[] = [];
    createInterface({ input: child.stderr }).on("line", (line) => {
      const event = parse(line);
      if (event === undefined) return void others.push(line);
      this.events.push(event);
      onEvent?.(event, this);
    });
    const timer = setTimeout(() => this.kill("SIGKILL"), RUN_TIMEOUT_MS);
    this.ended = (async () => {
      const [stdout] = await Promise.all([text(child.stdout), once(child, "close")]);
      clearTimeout(timer);
      const end = this.events.findLast((event) => event.event === "end");
      const evidence = [...this.events.map(readable), ...others, stdout.slice(0, 500), `exit code ${child.exitCode}`].join("\n");
      return { code: child.exitCode, message: end?.message ?? "", evidence, tookMs: performance.now() - startedMs };
    })();
  }

  /** Signals the operator's process and the driver that it has started, and nobody else. */
  kill(signal: NodeJS.Signals): void {
    // The driver first: it would notice the other's death.
    for (const pid of [...childrenOf(this.#pid), this.#pid]) send(pid, signal);
  }

  /** The command alone, as Pulumi does: its driver lives on. */
  killCommand(): void {
    send(this.#pid, "SIGKILL");
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself.
  }
}

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function parse(line: string): StampedEvent | undefined {
  try {
    return JSON.parse(line) as StampedEvent;
  } catch {
    return undefined;
  }
}

const readable = ({ at: _at, afterMs, event, ...rest }: StampedEvent): string => `${afterMs} ${event} ${JSON.stringify(rest)}`;
