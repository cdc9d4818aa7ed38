/**
 * The contract from the operator's side to a machine: everything about what one machine shall run.
 * Both halves import this file; nothing else of the runtime is imported by `infra/`, `report.ts`, `slots.ts`, `secrets.ts`,
 * `redact.ts`, `https.ts`, `hardening.ts`, `cloudwatch.ts` and `once.ts` apart.
 */
import { cloudwatchSchema } from "./cloudwatch.ts";
import { hardeningSchema } from "./hardening.ts";
import { httpsSchema } from "./https.ts";
import { secretsSchema } from "./secrets.ts";
import * as z from "./zod.ts";

/** Names units, folders and a system user (Linux allows 32 characters for a user; ours adds `fw-`). */
export const nameSchema = z
  .string()
  .check(
    z.regex(/^[a-z]([a-z0-9-]{0,22}[a-z0-9])?$/, "lower-case letters, digits and dashes, starting with a letter, at most 24 characters"),
  );

export const sha256Schema = z.string().check(z.regex(/^[0-9a-f]{64}$/, "a sha256 in lower-case hexadecimal"));

const milliseconds = z.int().check(z.minimum(1), z.maximum(3_600_000));

/** How the workers of a process are started. */
export const commandSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("asgi"),
    /** `module:attribute`, as uvicorn takes it. */
    app: z
      .string()
      .check(z.regex(/^[A-Za-z_][\w.]*:[A-Za-z_][\w.]*$/, 'an ASGI application as "module:attribute", for example "main:app"')),
  }),
  z.strictObject({
    kind: z.literal("node"),
    /** The module, relative to the app's folder; it default-exports a handler or an http server, or listens itself. */
    module: z
      .string()
      .check(z.regex(/^(?!\/)(?!.*\.\.)[\w./@-]+\.(ts|mts|js|mjs|cjs)$/, 'a module inside the app, for example "server.ts"')),
  }),
  z.strictObject({
    kind: z.literal("wsgi"),
    /** `module:attribute` of a WSGI application (Flask, Django), served through an adapter. */
    app: z.string().check(z.regex(/^[A-Za-z_][\w.]*:[A-Za-z_][\w.]*$/, 'a WSGI application as "module:attribute", for example "main:app"')),
  }),
  z.strictObject({
    kind: z.literal("command"),
    /** Program and arguments; `{fd}`, `{port}`, `{socket}` and `{slot}` in them are replaced. */
    argv: z.array(z.string().check(z.minLength(1))).check(z.minLength(1)),
    /**
     * How it takes connections. `fd`: from the socket that all workers share, inherited as `{fd}`, and as systemd passes one (LISTEN_FDS).
     * `port`, `socket`: from a TCP port or unix socket of its own slot, `{port}` (and PORT) or `{socket}`; a proxy in front
     * balances over the slots. `none`: not at all.
     */
    listen: z.enum(["fd", "port", "socket", "none"]),
    /** How many such addresses there are, at most: those of two generations while one replaces the other. @default 16 */
    slots: z.optional(z.int().check(z.minimum(2), z.maximum(64))),
    /** The n-th address is port `portBase + n`; `portBase` itself is the proxy's. @default 20000 */
    portBase: z.optional(z.int().check(z.minimum(1024), z.maximum(65_535))),
    /** GET this path on its own port or socket: it is ready, and later alive, if the answer is below 500. Else a connection is enough. */
    probe: z.optional(z.string().check(z.regex(/^\/\S*$/, 'a path starting with "/"'))),
    /** With `fd` and `none`, which can't be probed: a worker that lived for this long is ready. */
    readyAfterMs: z._default(milliseconds, 1_000),
  }),
]);

export const workersSchema = z.strictObject({
  /** `auto` counts the machine's cores when the supervisor starts. */
  count: z.union([z.literal("auto"), z.int().check(z.minimum(1), z.maximum(512))]),
  /** Workers for each core; used by `auto` only. */
  perCore: z.number().check(z.positive(), z.maximum(16)),
  /** No fewer than this many, whatever the machine has. Used by `auto`, and as the lower bound of TTOU. */
  min: z.optional(z.int().check(z.minimum(1), z.maximum(512))),
  /** No more than this many, whatever the machine has. Used by `auto`, and as the upper bound of TTIN. */
  max: z.optional(z.int().check(z.minimum(1), z.maximum(512))),
  /** Memory budget of one worker: `auto` starts no more workers than fit. */
  memoryMiB: z.optional(z.int().check(z.minimum(16))),
});

export const healthSchema = z.strictObject({
  path: z.string().check(z.regex(/^\/\S*$/, 'a path starting with "/"')),
  /** `success`: 200 to 399 is healthy. `alive`: anything below 500 is, for an app with no route of its own for this. */
  accept: z.enum(["success", "alive"]),
  /** A new generation is undone when it isn't healthy after this long. */
  timeoutMs: milliseconds,
});

/** When a worker that works is replaced all the same: a new one first, then the old one drains, one at a time. */
export const recycleSchema = z.strictObject({
  /** After this many requests, plus a part of `maxRequestsJitter` chosen by chance for each worker. Not for commands. */
  maxRequests: z.optional(z.int().check(z.minimum(1))),
  maxRequestsJitter: z.optional(z.int().check(z.minimum(0))),
  /** When its memory (PSS) was above this in several samples in a row. */
  memoryMiB: z.optional(z.int().check(z.minimum(16))),
  /** When it was ready for this long, less up to a tenth by chance. */
  lifetimeMs: z.optional(z.int().check(z.minimum(1_000))),
});

export const processSchema = z.strictObject({
  name: z.literal("web"),
  command: commandSchema,
  workers: workersSchema,
  health: healthSchema,
  /** A worker that isn't ready after this long is killed; the generation has failed. */
  bootTimeoutMs: milliseconds,
  /** A worker whose event loop is silent for this long is killed and replaced. */
  livenessTimeoutMs: milliseconds,
  /** Requests under way get this long to end before their worker is killed. */
  drainTimeoutMs: milliseconds,
  recycle: z.optional(recycleSchema),
  /** A line for each request, from the worker. */
  accessLog: z.optional(z.boolean()),
});

/** A step before a rollout's first switch, run on one machine once for each release: a migration of the database, say. */
export const onceSchema = z.strictObject({
  name: nameSchema,
  /** Program and arguments, without a shell; found by name are the release's programs and our Node. */
  command: z.array(z.string().check(z.minLength(1))).check(z.minLength(1)),
  /** Whether it may simply be run again when it died in the middle. */
  repeatable: z._default(z.boolean(), false),
  /** It is killed after this long, and has then died in the middle. */
  timeoutMs: z._default(milliseconds, 600_000),
});

const archiveSchema = z.strictObject({ sha256: sha256Schema, bytes: z.int().check(z.positive()) });

export const manifestSchema = z.strictObject({
  schema: z.literal(1),
  fleet: nameSchema,
  machine: nameSchema,
  /** The runtime bundle's id: it is unpacked in `/opt/fleetwright/runtime/<id>`. */
  runtime: sha256Schema,
  app: z.strictObject({
    name: nameSchema,
    release: z.strictObject({
      /** Hash of the release's inputs; names its folder. */
      id: sha256Schema,
      /** The code's, for this machine's architecture and Python. */
      archive: archiveSchema,
      /** Not there when the app has none. Releases with the same ones share them: `id` names their folder. */
      packages: z.optional(z.strictObject({ id: sha256Schema, archive: archiveSchema })),
    }),
    environment: z.record(z.string().check(z.regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "an environment variable's name")), z.string()),
    /** Names and versions; the values are in the machine's credential store. Not there when the app has none. */
    secrets: z.optional(secretsSchema),
    processes: z.tuple([processSchema]),
    /** `MemoryMax=` of the unit: all workers and the supervisor together. */
    memoryMaxMiB: z.optional(z.int().check(z.minimum(64))),
    /** In this order. No part of a generation: a new step restarts nothing. */
    once: z.optional(z.array(onceSchema)),
  }),
  https: httpsSchema,
  /** Not there: nothing of the machine's baseline is Fleetwright's. */
  hardening: z.optional(hardeningSchema),
  /** Not there: the machine tells it nothing. */
  cloudwatch: z.optional(cloudwatchSchema),
});

export type Manifest = z.infer<typeof manifestSchema>;
export type OnceStep = z.infer<typeof onceSchema>;
export type Process = z.infer<typeof processSchema>;
export type WorkerCommand = z.infer<typeof commandSchema>;
export type WorkersConfig = z.infer<typeof workersSchema>;
export type RecycleConfig = z.infer<typeof recycleSchema>;

/** JSON with sorted keys and no white space: the same value gives the same text, on both sides. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const entries = Object.entries(value).filter(([, item]) => item !== undefined);
    entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(",")}}`;
  }
  return JSON.stringify(value);
}

/** sha256 of a value's canonical JSON, in hexadecimal. */
export function hashOf(value: unknown): string {
  // Loaded when it is asked for: a supervisor hashes nothing, and has 1 MiB less without.
  return process.getBuiltinModule("node:crypto").createHash("sha256").update(canonicalJson(value)).digest("hex");
}

/** Length of a generation's name: 64 bits, ample for the handful on one machine, and short enough for unit names. */
const GENERATION_LENGTH = 16;

/**
 * The generation that a manifest makes on a machine: runtime, release, environment, processes and limits.
 * HTTPS is not part of it, as Caddy outlives every generation, nor is the machine's baseline or what it tells.
 */
export function generationOf(manifest: Manifest): string {
  return hashOf({ runtime: manifest.runtime, app: byContent({ ...manifest.app, once: undefined }) }).slice(0, GENERATION_LENGTH);
}

/** Says whether two manifests ask for the same. */
export function fingerprintOf(manifest: Manifest): string {
  return hashOf({ ...manifest, app: byContent(manifest.app) });
}

/**
 * A hash for each part of a manifest that an operator may change by itself: for saying what differs, not whether. Keys of `app` that
 * have no name here are parts of their own.
 */
export function partsOf({ app, https, hardening, cloudwatch }: Manifest): Record<string, string> {
  const { name: _name, release: _release, environment: all, processes, memoryMaxMiB, ...others } = app;
  // It follows the release, which is told by itself.
  const { FLEETWRIGHT_RELEASE: _id, ...environment } = all;
  const [{ workers, recycle, ...process }] = processes;
  const parts = { environment, limits: { memoryMaxMiB, workers, recycle }, process, https, hardening, cloudwatch, ...others };
  const known = Object.entries(parts).filter(([, value]) => value !== undefined);
  return Object.fromEntries(known.map(([key, value]) => [key, hashOf(value).slice(0, PART_LENGTH)]));
}

const PART_LENGTH = 12;

/** The release's id stands for its archives: the same files, packed on two computers, may differ in their compression. */
function byContent(app: Manifest["app"]): unknown {
  return { ...app, release: app.release.id };
}
