/** A manifest for tests; each names only what it is about. */
import type { Manifest, WorkerCommand } from "../../../runtime/manifest.ts";
import { manifest } from "../../support/samples.ts";

export const hash = (digit: string): string => digit.repeat(64);

export function sampleManifest(
  change: {
    app?: Partial<Manifest["app"]>;
    https?: Partial<Manifest["https"]>;
  } & Partial<Pick<Manifest, "runtime" | "fleet" | "machine">> = {},
): Manifest {
  const { app, https, ...rest } = change;
  const sample = manifest();
  const [web] = sample.app.processes;
  const health = { path: "/health", accept: "success", timeoutMs: 500 } as const;
  return {
    ...sample,
    fleet: "trial",
    machine: "m1",
    app: {
      ...sample.app,
      release: { id: hash("b"), archive: { sha256: hash("c"), bytes: 1000 } },
      environment: { GREETING: "hello" },
      processes: [{ ...web, health, bootTimeoutMs: 30_000, drainTimeoutMs: 20_000 }],
      ...app,
    },
    https: { ...sample.https, names: ["192.0.2.7", "shop.example"], ...https },
    ...rest,
  };
}

/** The sample, served by a command. */
export function commandManifest(
  command: Partial<Extract<WorkerCommand, { kind: "command" }>> & Pick<Extract<WorkerCommand, { kind: "command" }>, "listen">,
  https: Partial<Manifest["https"]> = {},
): Manifest {
  const manifest = sampleManifest({ https });
  manifest.app.processes[0].command = { kind: "command", argv: ["./server"], readyAfterMs: 1_000, ...command };
  return manifest;
}
