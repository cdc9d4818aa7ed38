import { knockCommand, NOT_PREPARED, probeScript } from "../../../infra/rollout/commands.ts";
import { drive } from "../../../infra/rollout/drive.ts";
import type { LeadOptions } from "../../../infra/rollout/lead.ts";
import type { OnceEntry } from "../../../runtime/once.ts";
import type { Plan } from "../../../infra/rollout/plan.ts";
import { type Connection, type RunOptions, TransportFailure } from "../../../infra/rollout/transports/connection.ts";
import { manifest, reportOf } from "../../support/samples.ts";

const TRIAL = "a-trial";

/** A machine in memory: it answers the probe, and notes what the agent is told. */
export class FakeMachine {
  readonly told: string[] = [];
  /** Those of `told` without the rollout's name. */
  readonly nameless: string[] = [];
  /** Agents that were started and had no manifest yet. */
  armed = 0;
  confirmed = false;
  /** What it says, when it is held, of the apply that was confirmed last. */
  applied: string | null = null;
  /** The id of its last confirmed apply. */
  applyId = "id";
  /** The agent command that fails. */
  failsAt: string | undefined;
  reachable = true;
  /** Takes commands, and never answers. */
  hangs = false;
  /** The agent command that is refused, as another rollout holds the machine. */
  busyAt: string | undefined;
  /** What it knows of the release's steps. */
  once: OnceEntry[] = [];
  /** What a switch finds to be different of its baseline. */
  unhardened: string[] = [];
  /** Whether a new login comes through its new baseline. */
  letsIn = true;
  onTold: (command: string) => void = () => undefined;
  onProbe: () => void = () => undefined;
  readonly wanted;

  constructor(name: string) {
    this.wanted = manifest({ machine: name });
  }

  connection(): Connection {
    return { run: (command, options = {}) => this.run(command, options), close: async () => undefined };
  }

  private async run(command: string, options: RunOptions) {
    if (options.stdin instanceof Promise) this.armed++;
    // An agent without a manifest does nothing.
    if (options.stdin instanceof Promise && (await options.stdin) === "") return { code: 2, stdout: "", stderr: "" };
    if (this.hangs) return new Promise<never>(() => undefined);
    if (!this.reachable) throw new TransportFailure("unreachable", "connection timed out");
    if (command === knockCommand(TRIAL) && !this.letsIn) throw new TransportFailure("unreachable", "connection timed out");
    const agent = command === knockCommand(TRIAL) ? "knock" : toldBy(command);
    if (command === probeScript()) return { code: 0, stdout: this.probe(), stderr: "" };
    if (agent === undefined) return { code: 0, stdout: "", stderr: "" };
    this.told.push(agent);
    if (agent !== "decide" && agent !== "knock" && !/ --rollout '?[0-9a-f-]{36}/.test(command)) this.nameless.push(agent);
    this.onTold(agent);
    if (this.hangs) return new Promise<never>(() => undefined);
    const busy = agent === this.busyAt;
    const fails = agent === this.failsAt || busy;
    const error = { step: agent, what: "the app crashed", kept: "release 1", next: "mend it", log: ["boom"] };
    const done = { needs: [], pending: "id", once: this.once, applied: this.applied, unhardened: this.unhardened, trial: TRIAL };
    options.onLine?.(JSON.stringify(fails ? { event: "failed", error } : { event: "done", result: done }));
    if (agent === "decide" && !fails) Object.assign(this, { confirmed: true, applyId: "id" });
    return { code: busy ? 4 : fails ? (agent === "decide" ? NOT_PREPARED : 1) : 0, stdout: "", stderr: "" };
  }

  private probe(): string {
    this.onProbe();
    const base = ["os=debian", "os-version=13", "arch=x86_64", "root=yes", `runtimes=${"a".repeat(64)}`];
    const status = this.confirmed
      ? [`status=${JSON.stringify({ schema: 1, apps: [reportOf(this.wanted, { applyId: this.applyId })] })}`]
      : [];
    return [...base, ...status, "end=yes"].map((line) => `fleetwright.${line}`).join("\n");
  }
}

/** The rename that decides has no agent's command. */
function toldBy(command: string): string | undefined {
  if (command.includes("mv -T") && command.includes("confirm-")) return "decide";
  const agent = /fleethost ([a-z-]+)/.exec(command)?.[1];
  return agent === "confirm" && command.includes("--prepare") ? "prepare" : agent;
}

export function fleet(count: number): FakeMachine[] {
  return Array.from({ length: count }, (_, index) => new FakeMachine(`web-${index + 1}`));
}

export function run(
  machines: FakeMachine[],
  options: Partial<Plan["options"]> = {},
  signal = new AbortController().signal,
  more: LeadOptions = {},
) {
  const plan: Plan = {
    schema: 1,
    fleet: "web",
    release: "1".repeat(64),
    machines: machines.map(({ wanted }) => ({
      name: wanted.machine,
      transport: { kind: "ssh", host: wanted.machine, port: 22, user: "root", hostKey: "ssh-ed25519 A" },
      applyId: "id",
      runtimeArchive: { sha256: "3".repeat(64), bytes: 1 },
      manifest: wanted,
    })),
    skipped: [],
    options: { batch: 1, pauseMs: 0, connectTimeoutMs: 1, leaseMs: 60_000, surge: "auto", ...options },
  };
  const byHost = new Map(machines.map((machine) => [machine.wanted.machine, machine.connection()]));
  return drive(plan, () => undefined, signal, { ...more, connect: (transport) => byHost.get(transport.host) as Connection });
}
