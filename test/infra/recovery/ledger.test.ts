import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { MachineReleases } from "../../../infra/cli/ask-releases.ts";
import type { Archive } from "../../../infra/build/archive.ts";
import type { Inventory } from "../../../infra/inventory.ts";
import { changedAt, exportSchema, inventoriesIn, plansIn, secretsProviderOf } from "../../../infra/recovery/deployment.ts";
import { ledgerOf, type LedgerSources } from "../../../infra/recovery/ledger.ts";
import { allInventories, liveMachines, liveReleases } from "../../../infra/recovery/live.ts";
import { recoverySetSchema } from "../../../infra/recovery/set.ts";
import type { Plan } from "../../../infra/rollout/plan.ts";
import { manifest } from "../../support/samples.ts";
import { sampleSet } from "./samples.ts";

const SIGNATURE = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };
const transport = { kind: "ssh" as const, host: "192.0.2.1", port: 22, user: "root", hostKey: "ssh-ed25519 AAAA" };
const { kind: _kind, ...way } = transport;
const inventory: Inventory = { schema: 1, fleet: "web", app: "shop", machines: [{ name: "web-1", address: "192.0.2.1", transport }] };
const plan: Plan = {
  schema: 1,
  fleet: "web",
  release: "1".repeat(64),
  machines: [
    {
      name: "web-1",
      transport: { ...transport, privateKey: "KEY", bastion: { ...way, privateKey: "KEY" } },
      applyId: "x",
      runtimeArchive: { sha256: "5".repeat(64), bytes: 5 },
      manifest: manifest(),
    },
  ],
  skipped: [],
  options: { batch: 1, pauseMs: 0, connectTimeoutMs: 1, leaseMs: 1, surge: "auto" },
};

test("a stack's export tells plans, inventories, its secrets provider and when it was changed", () => {
  const rollout = { urn: "urn:pulumi:prod::shop::a$command:local:Command::web-rollout", type: "command:local:Command" };
  const secret = { ...SIGNATURE, plaintext: JSON.stringify(JSON.stringify(plan)) };
  const about = exportSchema.parse({
    version: 3,
    deployment: {
      manifest: { time: "2026-01-01T01:00:00.5+01:00" },
      secrets_providers: { type: "cloud", state: { url: "awskms://alias/x?region=eu-west-1" } },
      resources: [
        { urn: "urn:…::prod", type: "pulumi:pulumi:Stack", outputs: { shop: { inventory }, token: { ...SIGNATURE, plaintext: '"x"' } } },
        { ...rollout, inputs: { stdin: secret } },
        { ...rollout, inputs: { stdin: { ...SIGNATURE, ciphertext: "v1:…" } } },
      ],
    },
  });
  assert.deepEqual(plansIn(about), [plan]);
  assert.deepEqual(inventoriesIn(about), [inventory]);
  assert.equal(secretsProviderOf(about), "awskms://alias/x");
  assert.equal(changedAt(about), "2026-01-01T00:00:00.500Z");
});

describe("what is live", () => {
  const old = manifest({ app: { ...manifest().app, release: { id: "7".repeat(64), archive: { sha256: "8".repeat(64), bytes: 8 } } } });
  const live = { generation: "g", release: "7".repeat(64), runtime: "a".repeat(64), https: null };
  const stored = { generation: "g", release: "7".repeat(64), runtime: "a".repeat(64), madeAt: "", complete: true, manifest: old };
  const releases = { schema: 1 as const, app: "shop", agentRuntime: "a", live, previous: null, history: [], stored: [stored] };
  const answered: MachineReleases = { name: "web-1", state: "answered", releases };
  const silent: MachineReleases = { name: "web-1", state: "silent", why: "", unreachable: true };

  test("the machine says: a rollback is known to it alone", () => {
    const [machine] = liveMachines(inventory, [plan], [answered]);
    assert.deepEqual(machine?.manifest, old);
    assert.deepEqual(liveReleases([machine!]), { web: "7".repeat(64) });
  });
  test("a silent machine runs what was planned; one that no plan knows isn't guessed", () => {
    assert.deepEqual(liveMachines(inventory, [plan], [silent])[0]?.manifest, manifest());
    assert.deepEqual(liveMachines(inventory, [], [silent]), []);
  });
  test("every way to a machine that an inventory can hold fits into a set", () => {
    const tunnel = { instanceId: "i-1", region: "eu-west-1", profile: "prod" };
    const machine = { ...sampleSet().machines[0]!, transport: { ...transport, privateKeyFile: "~/.ssh/id", bastion: way, tunnel } };
    assert.deepEqual(recoverySetSchema.parse(sampleSet({ machines: [machine] })).machines, [machine]);
  });
  test("a program that exports no inventory has one in its plan, without private keys", () => {
    const [made, ...others] = allInventories([], [plan]);
    assert.deepEqual([made?.app, made?.machines[0]?.name, JSON.stringify(made).includes("KEY")], ["shop", "web-1", false]);
    assert.deepEqual([made?.machines[0]?.transport.bastion?.host, others], ["192.0.2.1", []]);
    assert.deepEqual(allInventories([inventory], [plan]), [inventory]);
  });
});

describe("the ledger", () => {
  const machines = liveMachines(inventory, [plan], []);
  const archive = (digit: string) => ({ path: `/cache/${digit}`, sha256: digit.repeat(64), bytes: 1000 });
  const sources = (change: Partial<LedgerSources> = {}): LedgerSources => ({
    machines,
    earlier: [],
    release: (id): Record<string, Archive> => (id.startsWith("1") ? { "x64-py3.13": archive("2"), "x64-py3.11": archive("9") } : {}),
    runtime: () => archive("5"),
    at: "2026-01-02T00:00:00.000Z",
    by: "bob@desk",
    ...change,
  });
  const { path: _path, ...packed } = archive("2");

  test("has the live release with every archive that is at hand, and each machine's target", () => {
    const { live, releases, runtimes, machines: records, missing } = ledgerOf(sources());
    assert.deepEqual([live, missing], [{ web: "1".repeat(64) }, []]);
    assert.deepEqual(Object.keys(releases[0]?.archives ?? {}), ["x64-py3.13", "x64-py3.11"]);
    assert.deepEqual(releases[0]?.archives["x64-py3.13"], packed);
    assert.deepEqual(
      records.map(({ target }) => target),
      ["x64-py3.13"],
    );
    assert.deepEqual(
      runtimes.map(({ id, arch }) => [id[0], arch]),
      [["a", "x64"]],
    );
  });

  test("takes from a store what this computer hasn't, and keeps who put a release by first", () => {
    const record = { ...sampleSet().releases[0]!, id: "1".repeat(64), archives: { "x64-py3.13": packed } };
    const runtime = { id: "a".repeat(64), arch: "arm64" as const, archive: packed };
    const earlier = [sampleSet({ releases: [record, ...sampleSet().releases], runtimes: [runtime] })];
    const ledger = ledgerOf(sources({ earlier, release: () => ({}), runtime: () => undefined }));
    assert.deepEqual(
      ledger.releases.map(({ id, by }) => [id[0], by]),
      [
        ["1", "ann@laptop"],
        ["a", "ann@laptop"],
      ],
    );
    assert.deepEqual([ledger.runtimes, ledger.missing], [[runtime], []]);
  });

  test("names what is live and nobody has", () => {
    const { missing } = ledgerOf(sources({ release: () => ({}), runtime: () => undefined }));
    assert.deepEqual(missing, ["release 11111111, which web-1 runs", "runtime bundle aaaaaaaa, which web-1 runs"]);
  });

  test("forgets releases of long ago", () => {
    const before = Array.from({ length: 16 }, (_, index) => ({ ...sampleSet().releases[0]!, id: index.toString(16).repeat(64) }));
    assert.equal(ledgerOf(sources({ earlier: [sampleSet({ releases: before })] })).releases.length, 11);
  });
});
