/** Four real machines, releases for them, and rollouts by the real `fleet rollout` with a plan on standard input, as from `pulumi up`. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkApp } from "../../../infra/build/app.ts";
import { parseFleet } from "../../../infra/config/parse.ts";
import type { FleetConfig } from "../../../infra/config/schema.ts";
import type { SshTransport } from "../../../infra/machines/machine.ts";
import { artifactBuilder, type Built } from "../../../infra/rollout/artifacts.ts";
import { manifestOf } from "../../../infra/rollout/manifests.ts";
import type { Observation } from "../../../infra/rollout/observation.ts";
import { observe } from "../../../infra/rollout/observe.ts";
import { decide, type Plan } from "../../../infra/rollout/plan.ts";
import { httpsOf } from "../../../infra/rollout/tls.ts";
import type { AppStatus, HistoryLine } from "../../../runtime/report.ts";
import { Hosts } from "../../support/hosts.ts";
import { until } from "../../support/poll.ts";
import { filesOf, type Kind, stepsOf } from "./app.ts";
import { RolloutRun, type RolloutRunOptions } from "./rollout-run.ts";

export const names = ["web-1", "web-2", "web-3", "web-4"] as const;
export type Name = (typeof names)[number];

/** Long enough for a slow computer's renewals, short enough to be waited for many times. */
export const LEASE_MS = 8_000;
const CONNECT_MS = 5_000;
/** Of the app: how long requests under way get to end. */
export const DRAIN_MS = 6_000;

export interface Release {
  label: string;
  kind: Kind;
  built: Built;
  config: FleetConfig;
  app: ReturnType<typeof checkApp>;
}

type Reachable = Extract<Observation, { state: "reachable" }>;

export class MatrixFleet {
  readonly hosts: Hosts;
  readonly #folder = mkdtempSync(join(tmpdir(), "fleetwright-matrix-"));
  #count = 0;

  constructor(purpose: string) {
    this.hosts = new Hosts(purpose);
    // Also when the test is ended by a signal.
    process.once("exit", () => rmSync(this.#folder, { recursive: true, force: true }));
  }

  /** Boots all machines. */
  async boot(): Promise<void> {
    await Promise.all(names.map((name) => this.hosts.make(name)));
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
    this.hosts.close();
  }

  /** A new release, built. */
  async build(kind: Kind): Promise<Release> {
    const label = `${++this.#count}`;
    const dir = join(this.#folder, label);
    mkdirSync(dir);
    for (const [path, text] of Object.entries(filesOf(`${label} of ${this.#folder}`, kind))) writeFileSync(join(dir, path), text);
    const config = parseFleet("matrix", {
      app: {
        name: "shop",
        dir,
        node: "server.cjs",
        health: { path: "/healthz", timeoutMs: 6_000 },
        bootTimeoutMs: 20_000,
        drainTimeoutMs: DRAIN_MS,
        once: stepsOf(kind),
      },
      machines: { provider: "hosts", hosts: names.map((name) => ({ name, ...this.hosts.login(name) })) },
      rollout: { batch: 2, leaseMs: LEASE_MS, connectTimeoutMs: CONNECT_MS },
    });
    const app = checkApp("shop", config.app);
    const target = { arch: process.arch === "arm64" ? "arm64" : "x64", python: undefined } as const;
    return { label, kind, config, app, built: await artifactBuilder(app, () => undefined)([target]) };
  }

  /** Asks every machine what it is and runs. @throws when one doesn't answer */
  async look(): Promise<Map<Name, Reachable>> {
    const seen = await Promise.all(names.map(async (name) => [name, await this.observe(name)] as const));
    return new Map(seen);
  }

  async observe(name: Name): Promise<Reachable> {
    const seen = await observe(name, this.transport(name), CONNECT_MS);
    if (seen.state === "reachable") return seen;
    throw new Error(`${name} can't be reached: ${seen.why}`);
  }

  /** As the Pulumi program makes it. */
  async plan({ built, config, app }: Release, options: Partial<Plan["options"]> = {}): Promise<Plan> {
    const seen = await this.look();
    const machines = names.map((name) => {
      const sight = seen.get(name) as Reachable;
      const runtime = built.runtime(sight.facts.target.arch);
      const https = httpsOf(config.https, { name, address: this.transport(name).host, domains: [] }, {}, "");
      const parts = { fleet: "matrix", machine: name, https, app: { ...app, environment: {} } };
      const manifest = manifestOf(config, { ...parts, runtimeId: runtime.id, release: built.release(sight.facts.target) });
      const { sha256, bytes } = runtime.archive;
      const { applyId } = decide(manifest, name, sight);
      return { name, transport: this.transport(name), applyId, runtimeArchive: { sha256, bytes }, manifest };
    });
    const { batch, pauseMs, connectTimeoutMs, leaseMs, surge } = config.rollout;
    const all = { batch, pauseMs, connectTimeoutMs, leaseMs, surge, ...options };
    return { schema: 1, fleet: "matrix", release: built.releaseId, machines, skipped: [], options: all };
  }

  /** Starts `fleet rollout`. */
  start(plan: Plan, options: RolloutRunOptions = {}): RolloutRun {
    return new RolloutRun(plan, options);
  }

  /** The release that each machine has confirmed; undefined where it isn't the only one that runs, or isn't well. */
  async releases(): Promise<Map<Name, string | undefined>> {
    const seen = await this.look();
    return new Map([...seen].map(([name, { apps }]) => [name, settledRelease(apps[0])]));
  }

  /** Waits until every machine serves one and the same release, and nothing is under way anywhere. @returns its id */
  async oneRelease(withinMs: number): Promise<string> {
    let last: (string | undefined)[] = [];
    const same = async (): Promise<boolean> => {
      last = [...(await this.releases()).values()];
      return last[0] !== undefined && new Set(last).size === 1;
    };
    await until("every machine serves one and the same release", same, withinMs).catch((error: Error) => {
      throw new Error(`${error.message}; last seen: ${last.map((id) => id?.slice(0, 8)).join(", ")}`, { cause: error.cause });
    });
    return last[0] ?? "";
  }

  async history(name: Name): Promise<HistoryLine[]> {
    const text = await this.hosts.sh(name, "cat /var/lib/fleetwright/shop/history.jsonl");
    return text.split("\n").map((line) => JSON.parse(line) as HistoryLine);
  }

  url(name: Name): string {
    return `https://${this.transport(name).host}`;
  }

  transport(name: Name): SshTransport {
    const { address, hostKey, privateKeyFile } = this.hosts.login(name);
    return { kind: "ssh", host: address, port: 22, user: "root", hostKey, privateKeyFile };
  }
}

function settledRelease(app: AppStatus | undefined): string | undefined {
  if (app === undefined || app.unconfirmed !== null || app.health.state !== "healthy") return undefined;
  return app.release;
}
