/** A machine's manifest out of the fleet's configuration and what was built. Pure. */
import type { Cloudwatch } from "../../runtime/cloudwatch.ts";
import type { Hardening } from "../../runtime/hardening.ts";
import type { Https } from "../../runtime/https.ts";
import { type Manifest, manifestSchema, type WorkerCommand } from "../../runtime/manifest.ts";
import type { Secrets } from "../../runtime/secrets.ts";
import type { FleetConfig } from "../config/schema.ts";
import type { Archive } from "../build/archive.ts";

/** An archive, wherever it is. */
type Measured = Omit<Archive, "path">;

export interface ManifestParts {
  fleet: string;
  machine: string;
  app: { name: string; command: WorkerCommand; environment: Record<string, string>; secrets?: Secrets | undefined };
  runtimeId: string;
  release: { id: string; archive: Measured; packages?: { id: string; archive: Measured } | undefined };
  https: Https;
  hardening?: Hardening;
  cloudwatch?: Cloudwatch | undefined;
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
      release: releaseOf(parts.release),
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
    cloudwatch: parts.cloudwatch,
  });
}

function releaseOf({ id, archive, packages }: ManifestParts["release"]): Manifest["app"]["release"] {
  const bare = ({ sha256, bytes }: Measured): Measured => ({ sha256, bytes });
  return {
    id,
    archive: bare(archive),
    ...(packages === undefined ? {} : { packages: { id: packages.id, archive: bare(packages.archive) } }),
  };
}

/** With no path named, any answer below 500 shows that the app lives: not every API has something at "/". */
function healthOf(health: FleetConfig["app"]["health"]): Manifest["app"]["processes"][0]["health"] {
  return health.path === undefined
    ? { path: "/", accept: "alive", timeoutMs: health.timeoutMs }
    : { path: health.path, accept: "success", timeoutMs: health.timeoutMs };
}
