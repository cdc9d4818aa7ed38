/** Steps before the first switch, on real machines: run once for a release, with its code, environment and user. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { evidence, Project, type Run } from "../support/project.ts";

/** Says what steps have left in the app's state folder. */
const server = `
const { readFileSync } = require("node:fs");
module.exports = (request, response) => {
  let left = "";
  try { left = readFileSync(process.env.STATE_DIRECTORY + "/steps", "utf8"); } catch {}
  response.end(left);
};
`;
const migration = (last: string): string => `
const { appendFileSync } = require("node:fs");
const { FLEETWRIGHT_RELEASE, STATE_DIRECTORY, TOKEN } = process.env;
appendFileSync(STATE_DIRECTORY + "/steps", [FLEETWRIGHT_RELEASE, process.getuid() > 0, TOKEN, ...process.argv.slice(2)].join("|") + "\\n");
${last}
`;
const ARGUMENT = 'a "b" $HOME %n \\ ü';

describe("steps before the first switch", () => {
  let project: Project;
  before(() => {
    project = new Project();
    mkdirSync(join(project.folder, "apps/steps"), { recursive: true });
  });
  after(() => project.remove());

  function write(last: string, timeoutMs = 60_000): void {
    const step = { name: "migrate", command: ["node", "migrate.cjs", ARGUMENT], timeoutMs };
    const app = { dir: "apps/steps", node: "server.cjs", environment: { TOKEN: "it's $5" }, once: [step] };
    const fleet = { name: "web", app, machines: { provider: "local", count: 2, cores: [1] } };
    // JSON is YAML.
    writeFileSync(join(project.folder, "Pulumi.local.yaml"), JSON.stringify({ config: { "fleetwright:fleet": fleet } }));
    writeFileSync(join(project.folder, "apps/steps/server.cjs"), server);
    writeFileSync(join(project.folder, "apps/steps/migrate.cjs"), migration(last));
  }

  async function up(code: number, ...args: string[]): Promise<Run> {
    const run = await project.fleet(["local", ...args]);
    assert.equal(run.code, code, evidence(run));
    return run;
  }

  /** The lines that each machine's steps have left, and the fleet's release. */
  async function left(): Promise<{ lines: string[][]; release: string | null }> {
    const ca = join(project.folder, ".fleetwright/local/ca.pem");
    const { machines, release } = await project.status();
    const ask = (url: string): string =>
      execFileSync("curl", ["-sS", "--fail", "--max-time", "10", "--cacert", ca, url], { encoding: "utf8" });
    return {
      release,
      lines: machines.map(({ url }) =>
        ask(url ?? "")
          .split("\n")
          .filter((line) => line !== ""),
      ),
    };
  }

  test("it runs on the first machine only, with the release's environment, as the app's user, its arguments untouched", async () => {
    write("");
    await up(0);
    const { lines, release } = await left();
    assert.deepEqual(lines, [[`${release}|true|it's $5|${ARGUMENT}`], []]);
  });

  test("a run with nothing to do doesn't run it, nor does a change of settings", async () => {
    assert.match((await up(0)).stdout, /^No changes\.$/m);
    write("", 50_000);
    const run = await up(0);
    assert.match(run.stderr, /migrate: was done for this release, on web-1/);
    assert.match(run.stderr, /no process of the app restarts/);
    assert.doesNotMatch(run.stderr, / beside | drain /);
    assert.equal((await left()).lines[0]?.length, 1);
  });

  test("one that fails stops the rollout before any switch, with its last lines; the next run tries it again", async () => {
    const before = await left();
    write('console.error("relation exists already"); process.exit(3);');
    for (const attempt of [1, 2]) {
      const run = await up(1);
      assert.match(run.stderr, /web-1: once: migrate ended with exit code 3[\s\S]*relation exists already[\s\S]*nothing was switched/);
      assert.match(run.stderr, new RegExp(`The fleet is on release ${before.release?.slice(0, 8)}\\.`));
      assert.equal((await left()).lines[0]?.length, 1 + attempt);
    }
    assert.equal((await left()).release, before.release);
  });

  test("one that died in the middle is told, and runs again when the operator says so", async () => {
    write('if (!require("node:fs").existsSync(process.env.STATE_DIRECTORY + "/may")) setTimeout(() => 0, 600000);', 2_000);
    assert.match((await up(1)).stderr, /migrate wasn't done after 2000 ms[\s\S]*--repeat-once migrate/);
    const ran = (await left()).lines[0]?.length;
    assert.match((await up(1)).stderr, /"migrate" began on web-1 for this release, and nobody knows how far it came/);
    assert.equal((await left()).lines[0]?.length, ran);
    assert.match((await up(1, "--repeat-once", "migrate")).stderr, /migrate wasn't done after 2000 ms/);
    assert.equal((await left()).lines[0]?.length, (ran ?? 0) + 1);
  });

  test("a mended one goes on at once", async () => {
    const before = await left();
    write("// mended");
    const run = await up(0);
    assert.match(run.stderr, /web-1 +once +migrate: done in /);
    assert.match(run.stderr, /^release [0-9a-f]{8} on 2 machines in .* s, confirmed within \d+ ms; /m);
    assert.notEqual((await left()).release, before.release);
  });
});
