/** A manifest for tests; each names only what it is about. */
import type { Manifest } from "../../../runtime/manifest.ts";

export const hash = (digit: string): string => digit.repeat(64);

export function sampleManifest(
  change: {
    app?: Partial<Manifest["app"]>;
    https?: Partial<Manifest["https"]>;
  } & Partial<Pick<Manifest, "runtime" | "fleet" | "machine">> = {},
): Manifest {
  const { app, https, ...rest } = change;
  return {
    schema: 1,
    fleet: "trial",
    machine: "m1",
    runtime: hash("a"),
    app: {
      name: "shop",
      release: { id: hash("b"), archive: { sha256: hash("c"), bytes: 1000 } },
      environment: { GREETING: "hello" },
      processes: [
        {
          name: "web",
          command: { kind: "asgi", app: "main:app" },
          workers: { count: "auto", perCore: 1 },
          health: { path: "/health", accept: "success", timeoutMs: 500 },
          bootTimeoutMs: 30_000,
          livenessTimeoutMs: 30_000,
          drainTimeoutMs: 20_000,
        },
      ],
      ...app,
    },
    https: {
      mode: "internal",
      names: ["192.0.2.7", "shop.example"],
      httpPort: 80,
      httpsPort: 443,
      ...https,
    },
    ...rest,
  };
}
