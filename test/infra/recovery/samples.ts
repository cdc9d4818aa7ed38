import type { RecoverySet } from "../../../infra/recovery/set.ts";

/** A set that is whole in itself; none of its objects is anywhere. */
export function sampleSet(with_: Partial<RecoverySet> = {}): RecoverySet {
  const object = (digit: string, bytes: number) => ({ sha256: digit.repeat(64), bytes });
  return {
    schema: 1,
    createdAt: "2026-01-01T00:00:00.000Z",
    by: "ann@laptop",
    after: "up",
    project: "fleetwright",
    stack: "prod",
    secretsProvider: "passphrase",
    state: { object: object("1", 100), at: "2026-01-01T00:00:00.000Z", resources: 3 },
    stackFile: object("2", 20),
    live: { web: "a".repeat(64) },
    releases: [
      {
        fleet: "web",
        app: "web",
        id: "a".repeat(64),
        command: { kind: "asgi", app: "main:app" },
        at: "2026-01-01T00:00:00.000Z",
        by: "ann@laptop",
        archives: { "x64-py3.13": object("3", 3000) },
      },
    ],
    runtimes: [{ id: "b".repeat(64), arch: "x64", archive: object("4", 4000) }],
    machines: [
      {
        fleet: "web",
        name: "web-1",
        address: "192.0.2.1",
        transport: { kind: "ssh", host: "192.0.2.1", port: 22, user: "root", hostKey: "ssh-ed25519 AAAA" },
        release: "a".repeat(64),
        runtime: "b".repeat(64),
        target: "x64-py3.13",
      },
    ],
    tools: [],
    files: [],
    ...with_,
  };
}
