/** A machine in memory with the agent's rules: a hold, a lease that runs out, a confirm in two parts; and with faults. */
import { NOT_PREPARED, probeScript } from "../../../infra/rollout/commands.ts";
import { type Connection, type RunOptions, type RunResult, TransportFailure } from "../../../infra/rollout/transports/connection.ts";
import { generationOf, type Manifest } from "../../../runtime/manifest.ts";
import { reportOf } from "../../support/samples.ts";

/** What a rollout does on a machine, in order. */
export const orders = ["probe", "hold", "stage", "switch", "renew", "prepare", "decide", "confirm"] as const;
export type Order = (typeof orders)[number] | "revert" | "release";

export interface Fault {
  readonly at: (typeof orders)[number];
  readonly kind:
    /** The agent says no. */
    | "fails"
    /** The way to the machine is cut, before the order reaches it, or after it was carried out but before the answer. */
    | "cut"
    | "answerLost"
    /** Neither an answer nor an end, from now on. */
    | "hangs"
    /** It is started again, and answers after that. */
    | "reboots";
}

type Event = "confirmed" | "reverted" | "failed";

export class SimulatedMachine {
  readonly history: Event[] = [];
  confirmed: "old" | "new" = "old";
  /** Orders that were carried out. */
  readonly carriedOut: Order[] = [];
  readonly #manifests: Readonly<Record<"old" | "new", Manifest>>;
  readonly #fault: Fault | undefined;
  readonly #silenceMs: number;
  #faultIsDue = true;
  #state: "there" | "cut" | "hangs" = "there";
  #hold: { readonly rollout: string; untilMs: number } | undefined;
  #pending: { untilMs: number; prepared: boolean } | undefined;

  /** @param silenceMs what a connection gives up after */
  constructor(manifests: { old: Manifest; new: Manifest }, fault: Fault | undefined, silenceMs: number) {
    this.#manifests = manifests;
    this.#fault = fault;
    this.#silenceMs = silenceMs;
  }

  get name(): string {
    return this.#manifests.new.machine;
  }

  /** Whether a switch awaits its confirm; one whose lease has run out is gone back from. */
  get isPending(): boolean {
    if (this.#pending !== undefined && performance.now() > this.#pending.untilMs) this.#goBack("reverted");
    return this.#pending !== undefined;
  }

  /** The way to it is mended, and it has no more faults. */
  heal(): void {
    this.#state = "there";
    this.#faultIsDue = false;
  }

  connection(): Connection {
    // An agent without a manifest does nothing.
    const run = async (command: string, options: RunOptions = {}): Promise<RunResult> => {
      if (options.stdin instanceof Promise && (await options.stdin) === "") return { ...done(), code: 2 };
      return this.#run(command, options);
    };
    return { run, close: async () => undefined };
  }

  #run(command: string, options: RunOptions): Promise<RunResult> {
    const timeoutMs = Math.min(options.timeoutMs ?? this.#silenceMs, this.#silenceMs);
    const answer = new Promise<RunResult>((resolve, reject) => {
      // As a process of its own would answer: never at once.
      setImmediate(() => {
        try {
          const result = this.#answer(command, options);
          if (result !== undefined) resolve(result);
        } catch (error) {
          reject(error as Error);
        }
      });
    });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new TransportFailure("unreachable", "timed out")), timeoutMs);
    });
    return Promise.race([answer, late]).finally(() => clearTimeout(timer));
  }

  /** Undefined: never. */
  #answer(command: string, options: RunOptions): RunResult | undefined {
    if (this.#state === "cut") throw new TransportFailure("unreachable", "no route");
    if (this.#state === "hangs") return undefined;
    const order = orderOf(command);
    const fault = order !== undefined && order === this.#fault?.at && this.#faultIsDue ? this.#fault.kind : undefined;
    if (fault !== undefined) this.#faultIsDue = false;
    if (fault === "hangs") {
      this.#state = "hangs";
      return undefined;
    }
    if (fault === "cut") this.#state = "cut";
    if (fault === "reboots") this.#reboot();
    if (fault === "cut" || fault === "reboots") throw new TransportFailure("ended", "connection reset");
    if (fault === "fails" && order !== "probe" && order !== "renew") return this.#fail(order, options);
    const result = order === undefined ? done() : this.#carryOut(order, command, options);
    if (fault !== "answerLost") return result;
    this.#state = "cut";
    throw new TransportFailure("ended", "connection reset");
  }

  #carryOut(order: Order, command: string, options: RunOptions): RunResult {
    this.carriedOut.push(order);
    if (order === "probe") return done(this.#probe());
    if (order === "decide") return this.#decide();
    const words = command.replaceAll(/['\\]/g, "");
    const rollout = /--rollout ([\w-]+)/.exec(words)?.[1] ?? "";
    const leaseMs = Number(/--lease-ms (\d+)/.exec(words)?.[1] ?? 0);
    const nowMs = performance.now();
    const isFree = this.#hold === undefined || nowMs > this.#hold.untilMs;
    const ours = this.#hold?.rollout === rollout || (order === "hold" && isFree);
    if (!ours && heldOnly.includes(order)) return refuse(order, options);
    if (leaseMs > 0) this.#hold = { rollout, untilMs: nowMs + leaseMs };
    if (leaseMs > 0 && this.isPending && this.#pending !== undefined) this.#pending.untilMs = nowMs + leaseMs;
    if (order === "switch") this.#pending = { untilMs: nowMs + leaseMs, prepared: false };
    if (order === "prepare") {
      if (!this.isPending || this.#pending === undefined) return this.#fail(order, options);
      this.#pending.prepared = true;
    }
    if (order === "revert" && this.isPending) this.#goBack("reverted");
    if (ours && (order === "release" || order === "confirm" || order === "revert")) this.#hold = undefined;
    tell(options, { event: "done", result: { needs: [], pending: this.isPending ? "new" : null, once: [], now: this.confirmed } });
    return done();
  }

  #decide(): RunResult {
    if (!this.isPending || this.#pending?.prepared !== true) return { ...done(), code: NOT_PREPARED };
    this.#pending = undefined;
    this.confirmed = "new";
    this.history.push("confirmed");
    return done();
  }

  #fail(order: Order | undefined, options: RunOptions): RunResult {
    if (this.isPending || order === "switch") this.#goBack("failed");
    if (order === "decide") return { ...done(), code: NOT_PREPARED };
    const error = { step: order ?? "", what: "the app crashed", kept: "the old release", next: "mend it", log: ["boom"] };
    tell(options, { event: "failed", error });
    return { ...done(), code: 1 };
  }

  #reboot(): void {
    if (this.isPending) this.#goBack("reverted");
    this.#hold = undefined;
  }

  #goBack(event: Event): void {
    this.#pending = undefined;
    this.history.push(event);
  }

  #probe(): string {
    const report = reportOf(this.#manifests[this.confirmed], {
      applyId: this.confirmed,
      unconfirmed: this.isPending ? generationOf(this.#manifests.new) : null,
    });
    const lines = ["os=debian", "os-version=13", "arch=x86_64", "root=yes", `runtimes=${"a".repeat(64)}`];
    return [...lines, `status=${JSON.stringify({ schema: 1, apps: [report] })}`, "end=yes"].map((line) => `fleetwright.${line}`).join("\n");
  }
}

/** To stage changes nothing that runs; the rest of a confirm, and going back, go by the switch's own id. */
const heldOnly: readonly Order[] = ["hold", "switch", "renew", "prepare"];

const done = (stdout = ""): RunResult => ({ code: 0, stdout, stderr: "" });

const tell = (options: RunOptions, event: unknown): void => options.onLine?.(JSON.stringify(event));

function refuse(order: Order, options: RunOptions): RunResult {
  tell(options, { event: "failed", error: { step: order, what: "another rollout holds it", kept: "", next: "", log: [] } });
  return { ...done(), code: 4 };
}

export function orderOf(command: string): Order | undefined {
  if (command === probeScript()) return "probe";
  if (command.includes("mv -T") && command.includes("confirm-")) return "decide";
  const agent = /fleethost ([a-z-]+)/.exec(command)?.[1];
  return agent === "confirm" && command.includes("--prepare") ? "prepare" : (agent as Order | undefined);
}
