/** Asks an app for its health, over a unix socket or a port of this machine. */
import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Process } from "../manifest.ts";
import type { SlotAddress } from "../slots.ts";

type Health = Process["health"];

export type Answer = { healthy: true; status: number } | { healthy: false; why: string };

/** Between two questions. */
const PAUSE_MS = 100;
/** A single question's patience; a busy app may take a while, a dead one is asked again. */
const QUESTION_TIMEOUT_MS = 5_000;

/** The rule for a status code; pure. */
export function judge(status: number, { path, accept }: Pick<Health, "path" | "accept">): Answer {
  const limit = accept === "success" ? 399 : 499;
  if (status >= 200 && status <= limit) return { healthy: true, status };
  const wanted = accept === "success" ? "200 to 399" : "anything below 500";
  return {
    healthy: false,
    why: `GET ${path} answered ${status}; healthy is ${wanted}`,
  };
}

export interface Question {
  /** Or what finds it, anew for each question: undefined while there is nobody to ask. */
  at: SlotAddress | (() => Promise<SlotAddress | undefined>);
  health: Health;
  /** The `Host` header. */
  host: string;
}

/** Asks once. Never throws. @param timeoutMs Until the whole answer's head is there. */
export async function ask({ at, health, host }: Question, timeoutMs = QUESTION_TIMEOUT_MS): Promise<Answer> {
  const address = typeof at === "function" ? await at() : at;
  if (address === undefined) return { healthy: false, why: "no worker of it is ready to be asked" };
  return new Promise((resolve) => {
    const failed = (why: string) => resolve({ healthy: false, why: `GET ${health.path}: ${why}` });
    const asked = request(
      {
        ...(address.kind === "socket" ? { socketPath: address.path } : { host: "127.0.0.1", port: address.port }),
        path: health.path,
        headers: { host, "user-agent": "fleetwright-health" },
        agent: false,
      },
      (response) => {
        response.resume();
        resolve(judge(response.statusCode ?? 0, health));
      },
    );
    // A timer of ours: the socket's own timeout starts again with every byte.
    const timer = setTimeout(() => asked.destroy(new Error(`no answer within ${Math.round(timeoutMs)} ms`)), timeoutMs);
    asked.on("error", (error) => failed(error.message)).on("close", () => clearTimeout(timer));
    asked.end();
  });
}

export interface Waiting {
  nowMs(): number;
  signal: AbortSignal;
  /** Ends the waiting early: says why there is no hope. */
  hopeless?: () => Promise<string | undefined>;
}

/** Asks until it is healthy or `health.timeoutMs` has passed; the last answer is the result. */
export async function waitHealthy(question: Question, { nowMs, signal, hopeless }: Waiting): Promise<Answer> {
  const deadlineMs = nowMs() + question.health.timeoutMs;
  for (;;) {
    const answer = await ask(question, Math.max(1, Math.min(QUESTION_TIMEOUT_MS, deadlineMs - nowMs())));
    if (answer.healthy) return answer;
    const end = signal.aborted ? "the agent was told to end" : await hopeless?.();
    if (end !== undefined) return { healthy: false, why: `${end} (${answer.why})` };
    if (nowMs() + PAUSE_MS >= deadlineMs)
      return {
        healthy: false,
        why: `${answer.why}, for ${question.health.timeoutMs} ms`,
      };
    await sleep(PAUSE_MS);
  }
}
