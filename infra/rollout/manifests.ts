/** A machine's manifest out of the fleet's configuration and what was built. Pure. */
import type { Hardening } from "../../runtime/hardening.ts";
import type { Https } from "../../runtime/https.ts";
import { type Manifest, manifestSchema, type WorkerCommand } from "../../runtime/manifest.ts";
import type { Secrets } from "../../runtime/secrets.ts";
import type { FleetConfig } from "../config/schema.ts";
import type { Archive } from "../build/archive.ts";

export interface ManifestParts {
  fleet: string;
  machine: string;
  app: { name: string; command: WorkerCommand; environment: Record<string, string>; secrets?: Secrets | undefined };
  runtimeId: string;
  release: { id: string; archive: Omit<Archive, "path"> };
  https: Https;
  hardening?: Hardening;
}

/** @throws ZodError when a value that was deferred (an Output) turns out not to be allowed */
export function manifestOf(config: FleetConfig, parts: ManifestParts): Manifest {
  const { app, workers } = config;
  return manifestSchema.parse({
    schema: 1,
    fleet: parts.fleet,
    machine: parts.machine,
    runtime: parts.runtimeId,
    app: {
      name: parts.app.name,
      release: { id: parts.release.id, archive: { sha256: parts.release.archive.sha256, bytes: parts.release.archive.bytes } },
      // So that an app can say in its answers and logs what it is.
      environment: { FLEETWRIGHT_RELEASE: parts.release.id, ...parts.app.environment },
      secrets: parts.app.secrets,
      processes: [
        {
          name: "web",
          command: parts.app.command,
          workers,
          health: healthOf(app.health),
          bootTimeoutMs: app.bootTimeoutMs,
          livenessTimeoutMs: app.livenessTimeoutMs,
          drainTimeoutMs: app.drainTimeoutMs,
          recycle: app.recycle,
          accessLog: app.accessLog,
        },
      ],
      memoryMaxMiB: app.memoryMaxMiB,
      once: app.once.length === 0 ? undefined : app.once,
    },
    https: parts.https,
    hardening: parts.hardening,
  });
}

/** With no path named, any answer below 500 shows that the app lives: not every API has something at "/". */
function healthOf(health: FleetConfig["app"]["health"]): Manifest["app"]["processes"][0]["health"] {
  return health.path === undefined
    ? { path: "/", accept: "alive", timeoutMs: health.timeoutMs }
    : { path: health.path, accept: "success", timeoutMs: health.timeoutMs };
}
