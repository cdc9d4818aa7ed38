/** `fleet up`: `pulumi up` itself, with an exit code for "done, but not on every machine", and each machine's step on a terminal. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { exitCodes, FleetError } from "../errors.ts";
import { pulumiEnvironment } from "../offline/tools.ts";
import { overrideVariables } from "../overrides.ts";
import { shareSessions } from "../rollout/transports/shared-sessions.ts";
import { SKIP_VARIABLE } from "../skip.ts";
import { placeOfStack, readRecoveryConfig } from "./recovery/config-file.ts";
import { putByAfter } from "./recovery/put-by.ts";
import { sayToStderr } from "./stacks.ts";
import { type Watch, watchRollout } from "./watch.ts";

export interface UpOptions {
  stack: string;
  skip?: string;
  takeOver?: boolean;
  repeatOnce?: string;
  /** The rollout's events on standard output, and all else on standard error. */
  json?: boolean;
}

export async function up({ stack, skip, json = false, ...overrides }: UpOptions): Promise<number> {
  const place = placeOfStack(process.cwd(), stack);
  const recovery = readRecoveryConfig(place);
  const { pulumi, env } = await pulumiEnvironment({ say: sayToStderr });
  Object.assign(process.env, env, skip === undefined ? {} : { [SKIP_VARIABLE]: skip }, overrideVariables(overrides));
  const endSessions = shareSessions();
  const watch = watchRollout({ json });
  const color = watch.live ? ["--color", "always"] : [];
  const child = spawn(pulumi, ["up", "--yes", "--skip-preview", "--stack", stack, ...color], {
    stdio: watch.live ? ["inherit", "pipe", "pipe"] : ["inherit", json ? 2 : "inherit", "inherit"],
  });
  if (watch.live) relay(child, watch);
  const { code, interrupted } = await endOf(child);
  watch.stop();
  // A rollout that was killed may still be putting machines back.
  if (code !== 0) return interrupted ? exitCodes.interrupted : exitCodes.failed;
  endSessions();
  const { skipped } = await readOutputs(pulumi, stack);
  return putByAfter(place, recovery, "up", Array.isArray(skipped) && skipped.length > 0 ? exitCodes.partial : exitCodes.ok);
}

/** Waits for the engine; an interrupt meanwhile is the engine's to act on. */
async function endOf(child: ChildProcess): Promise<{ code: number | null; interrupted: boolean }> {
  let interrupted = false;
  process.on("SIGINT", () => {
    // A terminal's Ctrl-C reaches the engine by itself; this process only waits for its end.
    interrupted = true;
  });
  process.on("SIGTERM", () => {
    interrupted = true;
    child.kill("SIGINT");
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, interrupted };
}

/** In one question; the Automation API has four. */
async function readOutputs(pulumi: string, stack: string): Promise<{ skipped?: unknown }> {
  const child = spawn(pulumi, ["stack", "output", "--json", "--show-secrets", "--stack", stack], { stdio: ["ignore", "pipe", "inherit"] });
  const said = text(child.stdout);
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0)
    throw new FleetError(`"pulumi up" is done, but the outputs of stack "${stack}" can't be read.`, { next: "see the lines above." });
  return JSON.parse(await said) as { skipped?: unknown };
}

/** Pulumi's own lines, above what is drawn. */
function relay({ stdout, stderr }: ChildProcess, { print }: Watch): void {
  for (const stream of [stdout, stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on("line", (line) => {
      if (!isStepLine(line)) print(line);
    });
  }
}

/** Pulumi's line with what a rollout said last, such as ` ~  command:local:Command web-rollout updating (3s) web-1  health …`. Pure. */
export function isStepLine(line: string): boolean {
  return /command:local:Command\s+\S+-rollout\s+\w+ing\b.*\(\d+s\)\s+\S/.test(line.replaceAll(ANSI, ""));
}

const ANSI = /\u001b\[[0-9;]*m/g;
