/** Runs `fleet recover` in a drill's own place, as a person would in a fresh clone. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { z } from "zod";
import type { DrillPlace } from "../recovery/drill-place.ts";
import { recoveryPhases } from "../recovery/phases.ts";

const recoveredSchema = z.object({
  event: z.literal("recovered"),
  ok: z.boolean(),
  changes: z.int(),
  machines: z.int(),
  problems: z.array(z.string()),
  times: z.array(z.object({ phase: z.enum(recoveryPhases), wallMs: z.number(), monotonicMs: z.number() })),
});
/** What a recovery says of itself at its end. */
export type Recovered = z.infer<typeof recoveredSchema>;

export type RunOutcome = { problem: undefined; report: Recovered } | { problem: string; report: undefined };

/** @param words of `fleet recover`, without `--yes` and `--json` */
export async function runRecover(place: DrillPlace, words: readonly string[]): Promise<RunOutcome> {
  const { code, stdout, stderr } = await runInPlace(place, ["recover", ...words, "--yes", "--json"]);
  const report = stdout.map(parseReport).find((candidate) => candidate !== undefined);
  if (code === 0 && report?.ok === true) return { problem: undefined, report };
  return { problem: report?.problems.join("; ") || stderr.slice(-12).join("\n") || `exit code ${code}`, report: undefined };
}

function parseReport(line: string): Recovered | undefined {
  try {
    return recoveredSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

export interface Ran {
  code: number | null;
  stdout: string[];
  stderr: string[];
}

/** Its lines are shown as they come. Ctrl-C ends it, too; what it made is cleared away all the same. */
export async function runInPlace({ clone, environment }: DrillPlace, words: readonly string[]): Promise<Ran> {
  const place = { cwd: clone, env: environment };
  const child = spawn(process.execPath, ["infra/cli/start.mjs", ...words], { ...place, stdio: ["ignore", "pipe", "pipe"] });
  const lines: Record<"stdout" | "stderr", string[]> = { stdout: [], stderr: [] };
  const stop = (): void => void child.kill("SIGTERM");
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, stop);
  createInterface({ input: child.stdout }).on("line", (line) => lines.stdout.push(line));
  createInterface({ input: child.stderr }).on("line", (line) => {
    lines.stderr.push(line);
    process.stderr.write(`  | ${line}\n`);
  });
  try {
    const [code] = (await once(child, "close")) as [number | null];
    return { code, ...lines };
  } finally {
    for (const signal of signals) process.off(signal, stop);
  }
}
