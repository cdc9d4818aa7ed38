import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { mixedInstances } from "../../../infra/aws/mixed-instances.ts";
import { autoscalingSchema } from "../../../infra/config/aws/autoscaling.ts";
import type { PruneApi } from "../../../infra/prune/api.ts";
import { type InUse, prune, prunedLine } from "../../../infra/prune/drive.ts";
import { hashIn, type StoredObject, type TemplateVersion, UNTOUCHED_MS } from "../../../infra/prune/plan.ts";
import { groupMachines } from "../aws/samples.ts";

const NOW_MS = 100 * UNTOUCHED_MS;
const config = autoscalingSchema.parse(groupMachines());
const hash = (what: string) => createHash("sha256").update(what).digest("hex");
const object = (folder: string, what: string, storedAtMs: number): StoredObject => {
  return { key: `${folder}/${hash(what)}`, bytes: 1_048_576, storedAtMs };
};

/** Version n runs release `releases[n - 1]`, whose runtime bundle is that of its tens. */
class FakeStore implements PruneApi {
  readonly releases: readonly number[];
  template: TemplateVersion[];
  stored: StoredObject[];
  recorded: string | undefined;
  /** Versions that AWS doesn't remove. */
  stuck: readonly number[] = [];

  constructor(releases: readonly number[], atMs: (index: number) => number = (index) => index) {
    this.releases = releases;
    this.template = releases.map((release, index) => {
      return { number: index + 1, isDefault: index + 1 === releases.length, manifest: hash(`manifest ${release}`) };
    });
    const all = [...new Set(releases)].flatMap((release, index) => [
      object("manifests", `manifest ${release}`, atMs(index)),
      ...this.#names(release).map((what) => object("archives", what, atMs(index))),
    ]);
    this.stored = [...new Map(all.map((one) => [one.key, one])).values()];
  }

  #names(release: number): string[] {
    return [`release ${release}`, `runtime ${Math.floor(release / 10)}`];
  }

  versions = async () => [...this.template];
  objects = async (folder: string) => this.stored.filter(({ key }) => key.startsWith(`${folder}/`));
  record = async () => this.recorded;
  removeVersions = async (numbers: readonly number[]) => {
    const going = numbers.filter((number) => !this.stuck.includes(number));
    this.template = this.template.filter(({ number }) => !going.includes(number));
  };
  removeObjects = async (keys: readonly string[]) => {
    this.stored = this.stored.filter(({ key }) => !keys.includes(key));
  };
  archivesOf = async (manifest: string) => {
    const release = this.releases.find((candidate) => hash(`manifest ${candidate}`) === manifest);
    return release === undefined ? [] : this.#names(release).map(hash);
  };

  /** Whether a machine that starts with it finds everything. */
  async starts(manifest: string): Promise<boolean> {
    const there = new Set(this.stored.map(({ key }) => hashIn(key)));
    return there.has(manifest) && (await this.archivesOf(manifest)).every((archive) => there.has(archive));
  }
}

const on = (version: number, machines: readonly number[] = [version]): InUse => ({
  group: {
    policy: mixedInstances(config, "lt-0a", version),
    machines: machines.map((number) => ({ id: `i-${number}`, version: String(number) })),
  },
  refreshes: [],
});
const options = (keepReleases: number) => ({ keepReleases, nowMs: NOW_MS });
const numbers = ({ template }: FakeStore) => template.map(({ number }) => number);

test("the newest releases stay, with all that they need; older ones go, from the template and from the bucket", async () => {
  const store = new FakeStore([1, 2, 3, 11, 12]);
  const pruned = await prune(store, on(5), options(2));
  assert.deepEqual(numbers(store), [4, 5]);
  assert.deepEqual(pruned.versions, [1, 2, 3]);
  for (const { manifest = "" } of store.template) assert.ok(await store.starts(manifest));
  // Three manifests, three releases, and the runtime bundle of the three.
  assert.equal(pruned.objects.length, 7);
  assert.match(prunedLine(pruned) ?? "", /3 of the template's versions, 7 objects \(7 MiB\)/);
  assert.equal(prunedLine(await prune(store, on(5), options(2))), undefined);
});

test("what the group, a machine or a refresh is on stays, however old", async () => {
  const store = new FakeStore([1, 2, 3, 4, 5, 6]);
  const refresh = { id: "r", status: "InProgress", reason: undefined, percent: 50, left: 1, version: "3" } as const;
  const ended = { ...refresh, status: "Failed", version: "2" } as const;
  await prune(store, { ...on(1, [4]), refreshes: [refresh, ended] }, options(2));
  assert.deepEqual(numbers(store), [1, 3, 4, 5, 6]);
});

test("a version that AWS keeps, and a release that the fleet's record names, keep their archives", async () => {
  const store = new FakeStore([1, 2, 3, 4, 5]);
  store.stuck = [1];
  store.recorded = hash("manifest 2");
  await prune(store, on(5), options(2));
  assert.deepEqual(numbers(store), [1, 4, 5]);
  assert.ok((await store.starts(hash("manifest 1"))) && (await store.starts(hash("manifest 2"))));
  assert.ok(!(await store.starts(hash("manifest 3"))));
});

test("what was stored in the last day stays: an up that runs has put it there, and nothing names it yet", async () => {
  const store = new FakeStore([1, 2, 3, 4], () => NOW_MS - UNTOUCHED_MS / 2);
  const before = store.stored.length;
  await prune(store, on(4), options(2));
  assert.equal(store.stored.length, before);
});

test("what isn't named by a hash isn't ours, and stays", async () => {
  const store = new FakeStore([1, 2, 3]);
  store.stored.push({ key: "archives/notes.txt", bytes: 1, storedAtMs: 0 });
  await prune(store, on(3), options(2));
  assert.ok(store.stored.some(({ key }) => key === "archives/notes.txt"));
});

test("a manifest that can't be read stops it before anything is removed from the bucket", async () => {
  const store = new FakeStore([1, 2, 3]);
  const before = store.stored.length;
  store.archivesOf = async () => Promise.reject(new Error("not understood"));
  await assert.rejects(prune(store, on(3), options(2)), /not understood/);
  assert.equal(store.stored.length, before);
});

test("whatever was released, gone back to, and kept by AWS: each version that is left starts, and so does what is in use", async () => {
  const release = fc.integer({ min: 1, max: 40 });
  const history = fc.array(release, { minLength: 1, maxLength: 30 });
  const [stuck, keep] = [fc.array(fc.nat({ max: 30 })), fc.integer({ min: 2, max: 12 })];
  const given = fc.record({ history, used: fc.nat(), machine: fc.nat(), stuck, keep });
  await fc.assert(
    fc.asyncProperty(given, fc.array(fc.nat({ max: 99 }), { minLength: 1 }), async ({ history, used, machine, stuck, keep }, days) => {
      const store = new FakeStore(history, (index) => (days[index % days.length] ?? 0) * UNTOUCHED_MS);
      store.stuck = stuck;
      const [group, running] = [(used % history.length) + 1, (machine % history.length) + 1];
      await prune(store, on(group, [running]), options(keep));
      for (const { number, manifest = "" } of store.template) assert.ok(await store.starts(manifest), `version ${number} doesn't start`);
      for (const number of [group, running, history.length]) assert.ok(numbers(store).includes(number), `version ${number} is gone`);
      assert.ok(store.template.length <= keep + 2 + stuck.length + 1);
    }),
    { numRuns: 200, seed: 7 },
  );
});
