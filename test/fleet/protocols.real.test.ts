/**
 * One machine, four apps in turn: WebSockets, server-sent events, HTTP/2, HTTP/3, large and slow uploads and early hints reach each of
 * them, and go on through a reload and through the switch to the next, as docs/protocols.md promises.
 */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startLoad } from "../support/load.ts";
import { until } from "../support/poll.ts";
import { evidence, Project, type Run } from "../support/project.ts";
import { ask, Events, Http2, openHttp3, prepareHttp3, type Site, SlowUpload, Socket, upload } from "../support/protocols.ts";

const FOLDER = "test/fleet/protocols";
const apps = {
  fastapi: { dir: `${FOLDER}/fastapi`, asgi: "main:app" },
  http: { dir: `${FOLDER}/node`, node: "http.mjs" },
  express: { dir: `${FOLDER}/node`, node: "express.mjs" },
  fastify: { dir: `${FOLDER}/node`, node: "fastify.mjs" },
} as const;
type AppName = keyof typeof apps;
const names = Object.keys(apps) as AppName[];

const MiB = 1024 * 1024;
const LARGE_MIB = 100;
/** Long enough for a slow upload to be finished once there is a new worker, on a busy computer too. */
const DRAIN_MS = 10_000;
const REPLACED_MS = 120_000;

describe("protocols through the whole stack", () => {
  let project: Project;
  let site: Site;
  let switched: Run | undefined;

  before(async () => {
    project = new Project();
    await prepareHttp3();
    await up("fastapi");
    const caFile = join(project.folder, ".fleetwright/local/ca.pem");
    const [machine] = (await project.status()).machines;
    site = { address: machine?.address ?? assert.fail("no machine"), caFile, ca: readFileSync(caFile, "utf8") };
  });
  after(() => project.remove());

  async function up(name: AppName): Promise<Run> {
    const app = { ...apps[name], name: "web", drainTimeoutMs: DRAIN_MS };
    const fleet = { name: "web", app, machines: { provider: "local", count: 1, cores: [1] } };
    // JSON is YAML.
    writeFileSync(join(project.folder, "Pulumi.local.yaml"), JSON.stringify({ config: { "fleetwright:fleet": fleet } }));
    const run = await project.fleet(["local"]);
    assert.equal(run.code, 0, evidence(run));
    return run;
  }

  async function reload(): Promise<Run> {
    const command = "/opt/fleetwright/current/bin/fleethost reload --control /run/fleetwright-web-*/status.sock";
    const run = await project.fleet(["ssh", "web-1", "--", command]);
    assert.equal(run.code, 0, evidence(run));
    return run;
  }

  /** `NAME PID` */
  const serving = async (): Promise<string> => (await ask(site, "/")).body;
  const pidOf = (body: string): string => body.split(" ").at(-1) ?? "";

  async function through(change: () => Promise<Run>): Promise<Run> {
    try {
      return await holding(change);
    } catch (error) {
      console.log(evidence(await project.fleet(["ssh", "web-1", "--", "journalctl -n 80 --no-pager | cut -c1-400"])));
      throw error;
    }
  }

  /** Holds a connection of each kind while the worker is replaced. */
  async function holding(change: () => Promise<Run>): Promise<Run> {
    const old = await serving();
    const slow = new SlowUpload(site);
    const [socket, events, two, stopThree] = [
      await Socket.open(site),
      await Events.open(site),
      new Http2(site),
      await openHttp3(site, MiB),
    ];
    two.start();
    assert.equal(await socket.say("before"), `${pidOf(old)} before`);
    const load = startLoad({ origin: `https://${site.address}`, caPem: site.ca, requestsPerSecond: 30, maxRequests: 6_000 });
    const changing = change();
    const failed = new Promise<never>((_, reject) => changing.catch(reject));
    await Promise.race([failed, until("a new worker answers", async () => (await serving()) !== old, REPLACED_MS)]);
    const seenBefore = events.seen.length;

    // What was under way is carried on by the worker that it began with.
    const { body, sent } = await slow.finish();
    assert.equal(body, `${pidOf(old)} ${sent}`);
    // A client is told to come again, and finds the new one.
    assert.equal(await socket.closed, 1012);
    const now = await serving();
    const again = await Socket.open(site);
    assert.equal(await again.say("after"), `${pidOf(now)} after`);
    again.close();
    // A stream has no end to wait for: it goes on until the deadline.
    await until("the stream of the old worker is ended", () => events.ended, REPLACED_MS);
    assert.ok(events.seen.length > seenBefore, "the stream was cut when the new worker came");
    assert.deepEqual([...new Set(events.seen)], [pidOf(old)]);
    const run = await changing;
    const next = await Events.open(site);
    await until("another stream has begun", () => next.seen.includes(pidOf(now)), REPLACED_MS);
    next.close();

    const [ofLoad, ofTwo, ofThree] = [await load.stop(), await two.stop(), await stopThree()];
    assert.deepEqual(ofLoad.failures, [], evidence(run));
    for (const [protocol, { asked, failures, bodies }] of Object.entries({ "HTTP/2": ofTwo, "HTTP/3": ofThree })) {
      assert.deepEqual(failures, [], `${protocol}, one connection, ${asked} requests; ${evidence(run)}`);
      assert.deepEqual(bodies, [old, now], `${protocol} saw the old and the new worker`);
    }
    assert.equal(ofThree.upload, `${pidOf(old)} ${MiB}`);
    return run;
  }

  for (const [index, name] of names.entries()) {
    test(`${name} sees the client's address and scheme, whatever a client says`, async () => {
      assert.match(await serving(), new RegExp(`^${name} \\d+$`), switched && evidence(switched));
      const lies = { "X-Forwarded-For": "203.0.113.66", "X-Forwarded-Proto": "http", Forwarded: "for=203.0.113.66;proto=http" };
      const { body, from } = await ask(site, "/who", lies);
      assert.deepEqual(JSON.parse(body), [from, "https"]);
    });

    test(`${name} takes ${LARGE_MIB} MiB by HTTP/1.1 and HTTP/2`, async () => {
      const expected = `${pidOf(await serving())} ${LARGE_MIB * MiB}`;
      assert.equal(await upload(site, LARGE_MIB), expected);
      const two = new Http2(site);
      assert.equal((await two.upload(LARGE_MIB)).body, expected);
      assert.deepEqual((await two.stop()).failures, []);
    });

    if (name !== "fastapi")
      test(`early hints of ${name} reach clients before its answer, by HTTP/1.1 and HTTP/2`, async () => {
        const two = new Http2(site);
        for (const answer of [await ask(site, "/hints"), await two.ask("/hints")])
          assert.deepEqual([answer.hints, answer.body], [["</style.css>; rel=preload; as=style"], "hinted"]);
        await two.stop();
      });

    test(`through a reload of ${name}, what is under way goes on`, async () => {
      assert.match((await through(reload)).stdout, /^Reloaded: 1 of 1 worker/m);
    });

    const next = names[index + 1];
    if (next !== undefined)
      test(`through the switch from ${name} to ${next}, too, and Caddy isn't reloaded`, async () => {
        switched = await through(() => up(next));
        assert.doesNotMatch(switched.stderr, /caddy +reloaded/);
      });
  }
});
