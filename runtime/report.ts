/** The contract from a machine back to the operator: what the supervisor and the agent say of themselves. */
import { z } from "zod";

/** What `GET /status` on the supervisor's status socket answers. */
export const supervisorStatusSchema = z.object({
  schema: z.literal(1),
  pid: z.int(),
  /** The supervisor's own life: booting until every worker was ready once. */
  state: z.enum(["booting", "running", "reloading", "stopping"]),
  cores: z.int(),
  /** How the number of workers came about, for people. */
  sizing: z.string(),
  workers: z.object({
    wanted: z.int(),
    ready: z.int(),
    /** Of the ready workers, by slot. */
    pids: z.array(z.int()),
  }),
});
export type SupervisorStatus = z.infer<typeof supervisorStatusSchema>;

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
  unconfirmed: z.string().nullable(),
  /** `fingerprintOf` the manifest that was confirmed last. */
  manifestHash: z.string(),
  /** The id that the last confirmed apply was given. */
  applyId: z.string(),
  supervisorPid: z.int().nullable(),
  cores: z.int(),
  workers: z.object({ wanted: z.int(), ready: z.int(), pids: z.array(z.int()) }),
  /** Asked through Caddy, as a client would; `detail` says what is wrong. */
  health: z.object({ state: z.enum(["healthy", "degraded", "down"]), detail: z.string() }),
  urls: z.array(z.string()),
  /** The root certificate that a client must trust, in `internal` mode. */
  caPem: z.string().nullable(),
});
export type AppStatus = z.infer<typeof appStatusSchema>;

export const statusSchema = z.object({ schema: z.literal(1), apps: z.array(appStatusSchema) });
export type Status = z.infer<typeof statusSchema>;

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
