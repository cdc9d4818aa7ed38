/**
 * Four local machines under load: a drill beside them takes nothing from them. Then all is destroyed, with state, caches, home and even
 * the machines' image gone, and they come back from the store and the code.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { stringify } from "yaml";
import { drillRecordSchema } from "../../infra/recovery/drill-record.ts";
import { recoveryPhases } from "../../infra/recovery/phases.ts";
import { FreshClone } from "../support/fresh-clone.ts";
import { type LoadResult, startLoad } from "../support/load.ts";
import { writeNodeApp } from "../support/node-app.ts";
import { evidence, killAt, Project, type Run, succeeds } from "../support/project.ts";

const COUNT = 4;
/** The four serve on the same cores meanwhile. */
const DRILL_COUNT = 2;
/** Three recoveries and a clean-up, on a computer that may be busy. */
const DRILL_TIMEOUT_MS = 1_200_000;
const SERVER = `
import { createServer } from "node:http";
export default createServer((request, response) => response.end("recovered"));
`;

describe("four machines and their store", () => {
  const folder = mkdtempSync(join(tmpdir(), "fleetwright-recover-four-"));
  const store = join(folder, "store");
  let project: Project;
  let clone: FreshClone;
  let code: string;

  before(async () => {
    project = new Project();
    clone = new FreshClone({ images: false });
    writeNodeApp(join(project.folder, "apps/plain"), SERVER);
    const machines = { provider: "local", count: COUNT, cores: ["all"] };
    const fleet = { name: "web", app: { dir: "apps/plain" }, machines };
    writeFileSync(join(project.folder, "Pulumi.local.yaml"), stringify({ config: { "fleetwright:fleet": fleet } }));
    await succeeds(project.fleet(["local"]));
    const init = await succeeds(project.fleet(["recovery", "init", store]));
    code = /^ {4}(\S+)$/m.exec(init.stdout)?.[1] ?? assert.fail(evidence(init));
    await succeeds(project.fleet(["recovery", "push"]));
  });
  after(async () => {
    await Promise.allSettled([project?.remove(), clone?.fleet(["local:down"])]);
    clone?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  async function recoverKilledAt(line: RegExp): Promise<Run> {
    const env = { FLEETWRIGHT_RECOVERY_CODE: code };
    const run = await clone.fleet(["recover", "--from", store], { env, onStderr: killAt(line) });
    assert.equal(run.code, null, `not killed at ${line}: ${evidence(run)}`);
    return run;
  }

  type Served = { folder: string; status: () => ReturnType<Project["status"]> };

  async function underLoad(of: Served, work: () => Promise<unknown>): Promise<LoadResult> {
    const urls = (await of.status()).machines.map(({ url }) => url ?? assert.fail("a machine without a URL"));
    assert.equal(urls.length, COUNT);
    const caPem = readFileSync(join(of.folder, ".fleetwright/local/ca.pem"), "utf8");
    const load = startLoad({ origin: urls, caPem, requestsPerSecond: 20, maxRequests: 20_000 });
    const working = work();
    await working.catch(() => undefined);
    const result = await load.stop();
    await working;
    return result;
  }

  test("a drill beside the fleet: timed, verified, cleared away; the fleet loses no request, and above --rto the drill fails", async () => {
    let run: Run | undefined;
    const load = await underLoad(project, async () => {
      const args = ["drill", "--from", store, "--count", String(DRILL_COUNT), "--rto", "1s", "--json"];
      run = await project.fleet(args, { timeoutMs: DRILL_TIMEOUT_MS });
    });
    assert.equal(run?.code, 1, run === undefined ? "" : evidence(run));
    assert.deepEqual(load.failures, []);
    assert.ok(load.sent > 100, `only ${load.sent} requests were sent`);
    const record = drillRecordSchema.parse(JSON.parse(run?.stdout.trim() ?? ""));
    // For that one reason: everything that it verifies was as it should be.
    assert.match(record.problem ?? "", /^it took \d+\.\d s, longer than the 1\.0 s of --rto$/, run?.stdout);
    assert.deepEqual([record.ok, record.machines], [false, DRILL_COUNT], run?.stdout);
    const phases = record.phases as { phase: string; wallMs: number; monotonicMs: number }[];
    assert.deepEqual(
      phases.map(({ phase }) => phase),
      recoveryPhases,
    );
    const checks = record.checks as { what: string; problem?: string }[];
    assert.deepEqual(
      checks.filter(({ problem }) => problem !== undefined),
      [],
    );
    for (const what of [/ledger/, /second run changes nothing/, /negative control/, /living fleet is as before: 4/, /nothing|no machine/])
      assert.ok(
        checks.some((check) => what.test(check.what)),
        `${what}: ${run?.stdout}`,
      );
    assert.equal(readdirSync(join(store, "drills/fleetwright/local")).length, 1);
  });

  test("a drill that is interrupted, twice, clears everything away and leaves no record; the next one passes", async () => {
    const records = (): number => readdirSync(join(store, "drills/fleetwright/local")).length;
    const before = records();
    const interrupts = [/: booting /, /\nInterrupted: what the drill has made/];
    const args = ["drill", "--from", store, "--count", "1", "--rto", "20m"];
    const run = await project.fleet(args, {
      timeoutMs: DRILL_TIMEOUT_MS,
      onStderr: (text, kill) => {
        if (interrupts[0]?.test(text) === true && interrupts.shift() !== undefined) kill("SIGINT");
      },
    });
    assert.equal(run.code, 130, evidence(run));
    assert.match(run.stderr, /\nDRILL INTERRUPTED: nothing of it is left\.\nNext: npm run fleet -- drill /);
    assert.equal(records(), before);
    await succeeds(project.fleet(args, { timeoutMs: DRILL_TIMEOUT_MS }));
    assert.equal(records(), before + 1);
  });

  test("all is destroyed, with state and image; killed while machines boot and started again, it comes back, and it serves", async () => {
    await project.remove();
    const killed = await recoverKilledAt(/: booting /);
    assert.match(killed.stderr, /image-trixie trixie-\w+: from the store/);
    const run = await succeeds(clone.fleet(["recover", "--from", store], { env: { FLEETWRIGHT_RECOVERY_CODE: code } }));
    assert.match(run.stderr, /RECOVERED: web on/);
    const load = await underLoad({ folder: clone.folder, status: () => clone.status("local", {}) }, async () => {
      const again = await succeeds(clone.fleet(["recover", "--from", store], { env: { FLEETWRIGHT_RECOVERY_CODE: code } }));
      assert.match(again.stderr, /Nothing had to be changed/);
    });
    assert.deepEqual([load.failures, load.bodies], [[], ["recovered"]]);
  });
});
