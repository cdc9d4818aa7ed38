/** One machine whose app is a program that can't be handed a socket: by port, by socket, and on to an app that can. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startLoad } from "../support/load.ts";
import { evidence, Project, type Run } from "../support/project.ts";

/** Knows nothing of Fleetwright: listens on PORT or on its argument, and stops taking connections on TERM. */
const server = (greeting: string): string => `
const server = require("node:http").createServer((request, response) => {
  request.resume().on("end", () => response.end("${greeting}, " + process.pid));
});
server.listen(process.argv[2] ?? process.env.PORT);
process.on("SIGTERM", () => server.close());
`;

describe("a fleet of commands", () => {
  let project: Project;
  const ca = (): string => join(project.folder, ".fleetwright/local/ca.pem");

  before(() => {
    project = new Project();
    mkdirSync(join(project.folder, "apps/plain"), { recursive: true });
  });
  after(() => project.remove());

  function write(app: Record<string, unknown>, greeting: string): void {
    const fleet = { name: "web", app, machines: { provider: "local", count: 1, cores: ["all"] }, rollout: { surge: "one" } };
    // JSON is YAML.
    writeFileSync(join(project.folder, "Pulumi.local.yaml"), JSON.stringify({ config: { "fleetwright:fleet": fleet } }));
    writeFileSync(join(project.folder, "apps/plain/server.cjs"), server(greeting));
  }

  async function up(): Promise<Run> {
    const run = await project.fleet(["local"]);
    assert.equal(run.code, 0, evidence(run));
    return run;
  }

  async function url(): Promise<string> {
    return (await project.status()).machines[0]?.url ?? assert.fail("no machine");
  }

  const curl = (at: string): string =>
    execFileSync("curl", ["-sS", "--fail", "--max-time", "10", "--cacert", ca(), at], { encoding: "utf8" });

  /** What Caddy and the firewall have to say. */
  async function onMachine(): Promise<string> {
    const look =
      "journalctl -u fleetwright-caddy -n 60 --no-pager; nft list table inet fleetwright; " +
      "ss -tan | sort | uniq -c | sort -n | tail -n 5; ss -s";
    return evidence(await project.fleet(["ssh", "web-1", "--", look]));
  }

  /** Changes the fleet under load: nothing may be lost. */
  async function upUnderLoad(): Promise<Run> {
    const load = startLoad({ origin: await url(), caPem: readFileSync(ca(), "utf8"), requestsPerSecond: 50, maxRequests: 6_000 });
    const run = await up();
    const result = await load.stop();
    if (result.failures.length > 0) console.log(await onMachine());
    assert.deepEqual(result.failures, [], evidence(run));
    assert.ok(result.sent > 50, `only ${result.sent} requests were sent`);
    return run;
  }

  const byPort = { dir: "apps/plain", command: ["node", "server.cjs"], listen: "port", probe: "/" };
  const bySocket = { dir: "apps/plain", command: ["node", "server.cjs", "{socket}"] };

  test("each worker has a port of its own, and Caddy balances over them", async () => {
    write(byPort, "first");
    await up();
    const at = await url();
    const answers = new Set(Array.from({ length: 12 }, () => curl(at)));
    const cores = Number(execFileSync("nproc", { encoding: "utf8" }));
    assert.equal(answers.size, cores, [...answers].join("\n"));
    for (const answer of answers) assert.match(answer, /^first, /);
  });

  test("a new release takes over worker by worker, with nothing lost", async () => {
    write(byPort, "second");
    assert.match((await upUnderLoad()).stderr, /shift +2 of 2 workers are of generation/);
    assert.match(curl(await url()), /^second, /);
  });

  test("from ports to sockets, and a new release there with nothing lost", async () => {
    // Another way to listen is another Caddy configuration, whose reload may cost requests that are just under way.
    write(bySocket, "third");
    await up();
    assert.match(curl(await url()), /^third, /);
    write(bySocket, "fourth");
    await upUnderLoad();
    assert.match(curl(await url()), /^fourth, /);
  });

  test("on to an app that shares the one socket; and nothing changes after that", async () => {
    write({ dir: "examples/fastapi", health: { path: "/healthz" } }, "");
    await up();
    assert.match(curl(await url()), /FastAPI/);
    assert.match((await up()).stdout, /^No changes\.$/m);
  });
});
