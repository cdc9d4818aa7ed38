/** Our side: a fleet that fills a store, and a clone that has nothing but the store. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import type { PhaseTime } from "../../infra/recovery/phases.ts";
import { FreshClone } from "../../test/support/fresh-clone.ts";
import { evidence, Project, type Run } from "../../test/support/project.ts";

/** What is measured. */
export interface Fleet {
  size: number;
  /** CPU time that each machine may use, in cores. */
  cpuQuota?: number;
}

export interface Filled {
  store: string;
  code: string;
  /** `npm run local` with no machine there; caches as this computer has them. */
  localMs: number;
}

/** Brings up a fleet of that size from nothing, its store filled, and takes it down again. */
export async function fillStore(store: string, { size, ...quota }: Fleet): Promise<Filled> {
  const project = new Project();
  try {
    const file = join(project.folder, "Pulumi.local.yaml");
    const stack = parse(readFileSync(file, "utf8")) as { config: Record<string, { machines: object }> };
    const machines = { provider: "local", count: size, cores: ["all"], ...quota };
    writeFileSync(file, stringify({ config: { "fleetwright:fleet": { ...stack.config["fleetwright:fleet"], machines } } }));
    const startedMs = performance.now();
    await succeeds(project.fleet(["local"]));
    const localMs = performance.now() - startedMs;
    mkdirSync(store, { recursive: true });
    const init = await succeeds(project.fleet(["recovery", "init", store]));
    await succeeds(project.fleet(["recovery", "push"]));
    return { store, code: /^ {4}(\S+)$/m.exec(init.stdout)?.[1] ?? "", localMs };
  } finally {
    await project.remove();
  }
}

export interface Recovery {
  kind: "cold" | "warm";
  wallMs: number;
  times: PhaseTime[];
}

/** In a clone without packages, home and caches; and once more with what that has left in them, all machines and the state gone again. */
export async function recoverTwice({ store, code }: Filled): Promise<Recovery[]> {
  const clone = new FreshClone();
  try {
    return [await recoverOnce(clone, "cold", store, code), await recoverOnce(clone, "warm", store, code)];
  } finally {
    await clone.fleet(["local:down"]);
    clone.remove();
  }
}

async function recoverOnce(clone: FreshClone, kind: Recovery["kind"], store: string, code: string): Promise<Recovery> {
  const startedMs = performance.now();
  const run = await succeeds(clone.fleet(["recover", "--from", store, "--json"], { env: { FLEETWRIGHT_RECOVERY_CODE: code } }));
  const wallMs = performance.now() - startedMs;
  await succeeds(clone.fleet(["local:down"]));
  const lines = run.stdout.split("\n").filter((line) => line.includes('"recovered"'));
  return { kind, wallMs, times: (JSON.parse(lines[0] ?? "{}") as { times?: PhaseTime[] }).times ?? [] };
}

async function succeeds(running: Promise<Run>): Promise<Run> {
  const run = await running;
  if (run.code !== 0) throw new Error(evidence(run));
  return run;
}
