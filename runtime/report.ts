/** The contract from a machine back to the operator: what the agent says of itself and its apps. */
import * as z from "./zod.ts";

/** What a release comes in; `stage` says which of it a machine lacks. */
export const releaseParts = ["packages", "release"] as const;
export type ReleasePart = (typeof releaseParts)[number];

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
