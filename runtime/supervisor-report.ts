/** The contract of the supervisor's control socket: what a supervisor says of itself and its workers. */
import * as z from "./zod.ts";

/** Why a working worker is replaced. */
export const recycleReasons = ["maxRequests", "memory", "lifetime"] as const;
export type RecycleReason = (typeof recycleReasons)[number];

/** Why workers were replaced, reloads apart. */
export const restartReasons = [
  /** Ended by itself with another code than 0, or by a signal. */
  "crashed",
  /** Killed by SIGKILL that was not ours, with the memory limit's counters or the worker's size pointing to the kernel. */
  "outOfMemory",
  /** Its event loop was silent, or its probe unanswered, for longer than the liveness timeout; it was killed. */
  "silent",
  /** Ended before it was ready. */
  "bootFailed",
  /** Not ready in time; it was killed. */
  "bootTimeout",
  /** Ended by itself with code 0. */
  "finished",
  /** Somebody else told it to end, and it drained. */
  "left",
  ...recycleReasons,
] as const;
export type RestartReason = (typeof restartReasons)[number];

/** One worker process, as its supervisor sees it. */
export const workerReportSchema = z.object({
  /** From 1. */
  slot: z.int(),
  pid: z.int(),
  state: z.enum(["booting", "ready", "delisted", "draining", "closed", "killed"]),
  /** The reload that it was started under; 0 for the first start. */
  epoch: z.int(),
  uptimeMs: z.number(),
  /** From its start until it was ready; null before. */
  bootMs: z.nullable(z.number()),
  /** Its own port or socket; null when it shares the one socket, or has none. */
  address: z.nullable(z.string()),
  /** Answered so far; null where nobody counts: a command. */
  requests: z.nullable(z.int()),
  /** Requests under way. */
  active: z.nullable(z.int()),
  /** Open connections. */
  connections: z.nullable(z.int()),
  /** Its share of memory (PSS); null when it can't be read. */
  memoryMiB: z.nullable(z.number()),
  /** Why it is about to be replaced, if it is. */
  recycling: z.nullable(z.enum(recycleReasons)),
});
export type WorkerReport = z.infer<typeof workerReportSchema>;

/** What `GET /status` on the supervisor's control socket answers. */
export const supervisorStatusSchema = z.object({
  schema: z.literal(1),
  pid: z.int(),
  /** The supervisor's own life: booting until every worker was ready once. */
  state: z.enum(["booting", "running", "reloading", "stopping"]),
  uptimeMs: z.number(),
  /** Where it listens, for people. */
  where: z.string(),
  cores: z.int(),
  /** How the number of workers came about, for people. */
  sizing: z.string(),
  workers: z.object({
    /** What it was sized to at its start; scaling, TTIN and TTOU change `wanted` only. */
    target: z.int(),
    wanted: z.int(),
    ready: z.int(),
    /** Of the ready workers, by slot. */
    pids: z.array(z.int()),
  }),
  /** Every worker process there is, also those that drain. */
  each: z.array(workerReportSchema),
  restarts: z.partialRecord(z.enum(restartReasons), z.int()),
  reloads: z.object({ succeeded: z.int(), failed: z.int() }),
  /** The supervisor's own memory (PSS); null when it can't be read. */
  memoryMiB: z.nullable(z.number()),
});
export type SupervisorStatus = z.infer<typeof supervisorStatusSchema>;

/** What `POST /reload` and `POST /scale` on the control socket answer, once it is done or has failed. */
export const outcomeSchema = z.object({
  ok: z.boolean(),
  /** What happened, for people. */
  text: z.string(),
});
export type Outcome = z.infer<typeof outcomeSchema>;
