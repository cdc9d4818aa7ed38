/** Asks a supervisor on its control socket. */
import { type Outcome, outcomeSchema, type SupervisorStatus, supervisorStatusSchema } from "../supervisor-report.ts";

// An import of it would load all that Node offers beside it (WebSocket, and fetch with it): 12 MiB of memory.
const { request } = process.getBuiltinModule("node:http");

/** A status is at hand: a supervisor that doesn't give it by then is stuck. */
export const STATUS_TIMEOUT_MS = 2_000;

/**
 * Why there is no answer: nobody listens (`absent`), this user may not ask (`forbidden`), none came in time (`timeout`), the
 * supervisor ended before it answered (`gone`), or what came isn't understood (`unclear`).
 */
export type ControlTrouble = "absent" | "forbidden" | "timeout" | "gone" | "unclear";

/** An expected failure; its message is for people. */
export class ControlFailure extends Error {
  override readonly name = "ControlFailure";
  readonly trouble: ControlTrouble;

  constructor(trouble: ControlTrouble, message: string) {
    super(message);
    this.trouble = trouble;
  }
}

/** @throws ControlFailure */
export async function askStatus(path: string, timeoutMs = STATUS_TIMEOUT_MS): Promise<SupervisorStatus> {
  const { text } = await ask(path, { method: "GET", url: "/status", timeoutMs });
  return understand(path, () => supervisorStatusSchema.parse(JSON.parse(text)));
}

/** Waits until the reload has succeeded or failed; it goes on when nobody waits any more. @throws ControlFailure */
export async function askReload(path: string, timeoutMs: number): Promise<Outcome> {
  return outcomeOf(path, await ask(path, { method: "POST", url: "/reload", timeoutMs }));
}

/** Waits until there are as many workers; it goes on when nobody waits any more. @throws ControlFailure */
export async function askScale(path: string, workers: number, timeoutMs: number): Promise<Outcome> {
  return outcomeOf(path, await ask(path, { method: "POST", url: "/scale", timeoutMs, body: JSON.stringify({ workers }) }));
}

interface Question {
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly body?: string;
  readonly timeoutMs: number;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** The two statuses that come with an outcome; any other is another kind of answer. */
function outcomeOf(path: string, { status, text }: Answer): Outcome {
  return understand(path, () => {
    const answer: unknown = JSON.parse(text);
    if (status === 200 || status === 409) return outcomeSchema.parse(answer);
    throw new Error(`status ${status}, ${(answer as { error?: string }).error}`);
  });
}

function understand<Value>(path: string, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    throw new ControlFailure("unclear", `What answers on ${path} is not understood: ${(error as Error).message}`);
  }
}

function ask(socketPath: string, { method, url, body, timeoutMs }: Question): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, method, path: url, agent: false }, (response) => {
      response
        .setEncoding("utf8")
        .toArray()
        .then((parts) => resolve({ status: response.statusCode ?? 0, text: parts.join("") }), failed);
    });
    const failed = (error: NodeJS.ErrnoException): void => reject(failureOf(error, socketPath));
    const late = new ControlFailure("timeout", `No answer from the supervisor on ${socketPath} within ${timeoutMs} ms`);
    // A timer of ours: the socket's own starts again with every byte.
    const timer = setTimeout(() => asked.destroy(late), timeoutMs);
    asked.on("error", failed).on("close", () => clearTimeout(timer));
    asked.end(body);
  });
}

function failureOf(error: NodeJS.ErrnoException, path: string): ControlFailure {
  if (error instanceof ControlFailure) return error;
  switch (error.code) {
    case "ENOENT":
    case "ENOTDIR":
    case "ECONNREFUSED":
    case "ENOTSOCK":
      return new ControlFailure("absent", `No supervisor listens on ${path}`);
    case "EACCES":
    case "EPERM":
      return new ControlFailure("forbidden", `This user may not ask the supervisor on ${path}: do it as its own user, or as root`);
    default:
      return new ControlFailure("gone", `The supervisor on ${path} ended before it answered (${error.code ?? error.message})`);
  }
}
