/** The contract from a machine back to the operator: what the supervisor and the agent say of themselves. */
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

/** What a release comes in; `stage` says which of it a machine lacks. */
export const releaseParts = ["packages", "release"] as const;
export type ReleasePart = (typeof releaseParts)[number];

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

/** That a release is live because somebody went back to it. */
export const rolledBackSchema = z.object({
  /** The release that was left. */
  from: z.string(),
  at: z.string(),
  by: z.string(),
});

/** What clients get for one name. */
export const certificateReportSchema = z.object({
  name: z.string(),
  /** `pending`: there is none for it (yet). */
  state: z.enum(["served", "pending"]),
  /** Whether the machine renews it by itself. */
  renews: z.boolean(),
  issuer: z.nullable(z.string()),
  /** ISO 8601, like the next ones. */
  notBefore: z.nullable(z.string()),
  notAfter: z.nullable(z.string()),
  /** Why the last order or renewal failed; null when it didn't. */
  error: z.nullable(z.string()),
  failedAt: z.nullable(z.string()),
});
export type CertificateReport = z.infer<typeof certificateReportSchema>;

/** What `fleethost status --json` prints for an app on its machine. */
export const appStatusSchema = z.object({
  app: z.string(),
  fleet: z.string(),
  machine: z.string(),
  /** The runtime bundle that the live generation runs on. */
  runtime: z.string(),
  release: z.string(),
  /** The confirmed generation: the one that `systemctl enable` chose, and that a reboot starts. */
  generation: z.string(),
  /** Another generation under way, not confirmed yet. */
  unconfirmed: z.nullable(z.string()),
  /** `fingerprintOf` the manifest that was confirmed last. */
  manifestHash: z.string(),
  /** `partsOf` that manifest: what differs, where something does. */
  parts: z.optional(z.record(z.string(), z.string())),
  /** The id that the last confirmed apply was given. */
  applyId: z.string(),
  supervisorPid: z.nullable(z.int()),
  cores: z.int(),
  workers: z.object({ wanted: z.int(), ready: z.int(), pids: z.array(z.int()) }),
  /** Asked through Caddy, as a client would; `detail` says what is wrong. */
  health: z.object({ state: z.enum(["healthy", "degraded", "down"]), detail: z.string() }),
  urls: z.array(z.string()),
  /** The root certificate that a client must trust, in `internal` mode. */
  caPem: z.nullable(z.string()),
  /** One for each name; an agent of before doesn't tell. */
  certificates: z.optional(z.array(certificateReportSchema)),
  /** Names what the machine has from its ACME issuer, where that is something. */
  acmeStorage: z.optional(z.string()),
  rolledBack: z.optional(rolledBackSchema),
  /** How the machine differs from what was confirmed, for people; the next `up` mends it. */
  drift: z.optional(z.array(z.string())),
  /** What else somebody should know, and `up` can't mend: workers that aren't ready, a reboot that is due. */
  notes: z.optional(z.array(z.string())),
});
export type AppStatus = z.infer<typeof appStatusSchema>;

export const statusSchema = z.object({ schema: z.literal(1), apps: z.array(appStatusSchema) });
export type Status = z.infer<typeof statusSchema>;

/** A line of an app's history: a switch, and how it ended. */
export const historyLineSchema = z.object({
  at: z.string(),
  by: z.string(),
  event: z.enum(["confirmed", "failed", "reverted"]),
  applyId: z.string(),
  generation: z.string(),
  release: z.string(),
  /** Why it ended so. */
  why: z.string(),
  /** With a rollback: the release that it left. */
  rollbackFrom: z.optional(z.string()),
});
export type HistoryLine = z.infer<typeof historyLineSchema>;

/** A generation that a machine still has. */
export const storedSchema = z.object({
  generation: z.string(),
  release: z.string(),
  runtime: z.string(),
  madeAt: z.string(),
  /** Whether its release, its runtime bundle and its secrets' values are there as well, so that it could be switched to. */
  complete: z.boolean(),
  /** The manifest that it was made from, where it was asked for; `manifestSchema` checks it. */
  manifest: z.optional(z.unknown()),
});

/** What `fleethost releases --json` prints. */
export const releasesSchema = z.object({
  schema: z.literal(1),
  app: z.string(),
  /** The bundle of the machine's current agent. */
  agentRuntime: z.string(),
  /** The confirmed one; null when there is none. */
  live: z.nullable(
    z.object({
      generation: z.string(),
      release: z.string(),
      runtime: z.string(),
      https: z.unknown(),
      hardening: z.optional(z.unknown()),
      cloudwatch: z.optional(z.unknown()),
    }),
  ),
  /** The generation that was confirmed before it. */
  previous: z.nullable(z.string()),
  /** Oldest first. */
  history: z.array(historyLineSchema),
  stored: z.array(storedSchema),
});
export type Releases = z.infer<typeof releasesSchema>;

/** A line of what `fleethost logs --json` prints. */
export const logLineSchema = z.object({
  /** Microseconds since 1970, by the machine's clock. */
  atUs: z.number(),
  /** That it is from, or about. */
  unit: z.string(),
  message: z.string(),
});
export type LogLine = z.infer<typeof logLineSchema>;

/** With `--json`, each line that an agent command prints to stdout is one of these; the last is `done` or `failed`. */
export const agentEventSchema = z.discriminatedUnion("event", [
  z.object({ event: z.literal("step"), step: z.string(), text: z.string() }),
  z.object({ event: z.literal("done"), result: z.record(z.string(), z.unknown()) }),
  z.object({
    event: z.literal("failed"),
    error: z.object({
      step: z.string(),
      /** What happened, in one sentence. */
      what: z.string(),
      /** What the machine runs now. */
      kept: z.string(),
      /** What to do next. */
      next: z.string(),
      /** The app's or a tool's last lines, where they help. */
      log: z.array(z.string()),
    }),
  }),
]);
export type AgentEvent = z.infer<typeof agentEventSchema>;

/** Exit codes of `fleethost`'s agent commands. */
export const agentExit = {
  ok: 0,
  /** The change failed and was undone; the machine runs what it ran before. */
  failed: 1,
  /** The command line or the manifest is wrong; nothing was touched. */
  usage: 2,
  /** The machine can't take this manifest (operating system, Python, disk, a port that is taken); nothing was switched. */
  preflight: 3,
  /** Another apply holds the lock; nothing was touched. */
  busy: 4,
} as const;
