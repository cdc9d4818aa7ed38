import assert from "node:assert/strict";
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import type { Manifest } from "../../../runtime/manifest.ts";
import { manifest } from "../../support/samples.ts";
import { kinds, nodeApp, start, type TestApp } from "./apps.ts";
import { deploy } from "./deploy.ts";
import { Host } from "./host.ts";
import { Load } from "./load.ts";
import { killIfThere } from "./proc.ts";

/** The app as a release that says its name when it is loaded. */
const release = (app: TestApp, name: string): TestApp["files"] => ({
  ...app.files,
  [app.module]: `${app.files[app.module]}${app.kind === "node" ? `console.log("I am ${name}");` : `print("I am ${name}")`}\n`,
});

const startCurrent = (t: TestContext, app: TestApp): Host =>
  start(t, { ...app, files: {} }, [], { appDir: "current", before: (folder) => deploy(folder, "first", release(app, "first")) });

describe("which code runs", () => {
  for (const { name, makeApp } of kinds) {
    test(`a link that is switched: a reload runs the new release, a worker that dies before it still the old (${name})`, async (t) => {
      const app = await makeApp();
      const host = startCurrent(t, app);
      await host.until(/Ready/);
      deploy(host.folder, "second", release(app, "second"));
      killIfThere(host.workerPids[0] as number);
      await host.eventually("the third worker is ready", async () => (await host.status()).workers.pids.includes(host.workerPids[2] ?? -1));
      assert.deepEqual([host.count("I am first"), host.count("I am second")], [3, 0]);
      await host.reload();
      assert.deepEqual([host.count("I am first"), host.count("I am second")], [3, 2]);
    });

    test(`the new release's canary fails: workers that are killed meanwhile, and later, still get the old code (${name})`, async (t) => {
      const app = await makeApp();
      const host = startCurrent(t, app);
      await host.until(/Ready/);
      const load = new Load(t, host.url, 20_000);
      deploy(host.folder, "broken", { ...app.files, [app.module]: app.delay(1_500) + app.broken });
      host.signal("SIGHUP");
      await host.eventually("the canary boots", () => host.workerPids.length === 3);
      killIfThere(host.workerPids[0] as number);
      await host.eventually("a replacement was started beside it", () => host.workerPids.length === 4);
      await host.until(/Reload failed/);
      await host.settled(2);
      killIfThere(host.workerPids[1] as number);
      await host.eventually("one more was started", () => host.workerPids.length === 5);
      await host.settled(2);
      assert.equal(host.count("I am first"), 4);
      const { losses } = await load.stop();
      assert.ok(losses.length <= 2 * Load.clients, "only what the two killed ones had");
      const { each } = await host.status();
      assert.deepEqual(
        each.map(({ epoch }) => epoch),
        [0, 0],
      );
    });
  }

  test("a folder that has gone: the reload fails and says so; the workers stay", async (t) => {
    const host = startCurrent(t, await nodeApp());
    await host.until(/Ready/);
    symlinkSync(join(host.folder, "releases", "nowhere"), join(host.folder, "current.new"));
    renameSync(join(host.folder, "current.new"), join(host.folder, "current"));
    host.signal("SIGHUP");
    await host.until(/Reload failed, .*: a new worker could not be started: .*current/);
    await host.settled(2);
    assert.equal(host.workerPids.length, 2);
  });

  test("a generation's workers and their replacements run its release, wherever the link points by then", async (t) => {
    const host = new Host(t, { files: {}, args: ["--generation", "generation"], appDir: false, before: makeGeneration });
    await host.until(/Ready/);
    assert.equal((await host.get("/")).body, "first");
    symlinkSync(join(host.folder, "second"), join(host.folder, "new-link"));
    renameSync(join(host.folder, "new-link"), join(host.folder, "generation", "release"));
    await host.reload();
    assert.equal((await host.get("/")).body, "first");
  });
});

function makeGeneration(folder: string): void {
  for (const name of ["first", "second"]) {
    mkdirSync(join(folder, name, "app"), { recursive: true });
    writeFileSync(join(folder, name, "app", "server.ts"), `export default (_: unknown, response: any) => response.end("${name}");\n`);
  }
  mkdirSync(join(folder, "generation"));
  writeFileSync(join(folder, "generation", "manifest.json"), JSON.stringify(quickManifest()));
  symlinkSync(join(folder, "first"), join(folder, "generation", "release"));
}

function quickManifest(): Manifest {
  const sample = manifest();
  const [web] = sample.app.processes;
  const command = { kind: "node", module: "server.ts" } as const;
  const limits = { bootTimeoutMs: 20_000, livenessTimeoutMs: 20_000, drainTimeoutMs: 5_000 };
  return { ...sample, app: { ...sample.app, processes: [{ ...web, ...limits, command, workers: { count: 1, perCore: 1 } }] } };
}
