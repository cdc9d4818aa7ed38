/** What the preview says of a change is what happens: environment, limits, HTTPS and runtime, under load; and how it is shown. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { LiveEvent } from "../../infra/cli/live.ts";
import { Hosts } from "../support/hosts.ts";
import { notOfReload, startLoad } from "../support/load.ts";
import { until } from "../support/poll.ts";
import { evidence, Project, type Run } from "../support/project.ts";
import { UserStack } from "../support/stack.ts";

const names = ["web-1", "web-2"];

const eventsIn = (text: string): LiveEvent[] =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as LiveEvent);

describe("changes that are no release", () => {
  const hosts = new Hosts("changes");
  const project = new Project();
  let stack: UserStack;
  const app: Record<string, unknown> = { dir: "examples/fastapi", health: { path: "/healthz" } };
  const https: Record<string, unknown> = {};

  before(async () => {
    const logins = await Promise.all(names.map((name) => hosts.make(name)));
    stack = await UserStack.init(project, "prod");
    configure = () =>
      stack.configure({
        name: "shop",
        app,
        https,
        machines: { provider: "hosts", hosts: names.map((name, index) => ({ name, ...logins[index] })) },
        rollout: { connectTimeoutMs: 3_000 },
      });
    configure();
    const first = await stack.fleet(["up", "--json"]);
    assert.equal(first.code, 0, evidence(first));
    const events = eventsIn(first.stdout);
    assert.deepEqual([events[0]?.event, events.at(-1)?.event, events[0]?.fleet], ["begin", "end", "shop"]);
    const phases = new Set(events.flatMap((event) => (event.event === "phase" ? [event.phase] : [])));
    assert.deepEqual(phases, new Set(["stage", "switch", "prepare", "confirm"]));
  });
  after(async () => {
    await Promise.allSettled([project.remove()]);
    hosts.close();
  });

  let configure: () => void;

  /** Previews and carries out what was configured, under load: nothing may be lost, and then there is nothing to do. */
  async function upUnderLoad(expected: RegExp, carryOut: () => Promise<Run>): Promise<void> {
    const { urls, caBundle } = await stack.outputs();
    const release = (await stack.status()).release;
    configure();
    const preview = await stack.pulumi(["preview"]);
    for (const name of names) assert.match(preview.stdout, new RegExp(`${name}: ${expected.source}`), evidence(preview));
    const load = startLoad({ origin: (urls as string[])[0] ?? "", caPem: String(caBundle), requestsPerSecond: 40, maxRequests: 6_000 });
    const run = await carryOut();
    const result = await load.stop();
    assert.equal(run.code, 0, evidence(run));
    const reloads = /Caddy reloads/.test(expected.source) ? 1 : 0;
    assert.deepEqual(notOfReload(result.failures, reloads), [], evidence(run));
    assert.ok(result.sent > 50, `only ${result.sent} requests were sent`);
    assert.equal((await stack.status()).release, release);
    const again = await stack.pulumi(["preview", "--expect-no-changes"]);
    assert.equal(again.code, 0, evidence(again));
  }

  const processes = async (): Promise<unknown> =>
    (await stack.status()).machines.map(({ supervisorPid, workers }) => [supervisorPid, workers.pids]);

  test("another environment is a new generation; FLEETWRIGHT_EVENTS gets the events under pulumi up", async () => {
    const path = join(project.folder, "events");
    app.environment = { GREETING: "it's $5" };
    await upUnderLoad(/new generation \(environment\)\s/, () =>
      stack.pulumi(["up", "--yes", "--skip-preview"], { env: { FLEETWRIGHT_EVENTS: path } }),
    );
    const events = eventsIn(readFileSync(path, "utf8"));
    assert.deepEqual([events[0]?.event, events.at(-1)?.event], ["begin", "end"]);
    assert.deepEqual(new Set(events.flatMap((event) => ("machine" in event ? [event.machine] : []))), new Set(names));
  });

  test("another limit is a new generation; a terminal shows one line a machine, drawn in place", async () => {
    app.memoryMaxMiB = 700;
    const command = `stty columns 100 rows 30; ${process.execPath} infra/cli/start.mjs up --stack prod`;
    let shown = "";
    await upUnderLoad(/new generation \(limits and workers\)\s/, async () => {
      const run = await stack.run("script", ["-qec", command, "/dev/null"], { env: { TERM: "xterm", CI: "" } });
      shown = run.stdout;
      return run;
    });
    assert.match(shown, /\u001b\[2K\u001b\[1A/, shown);
    assert.match(shown, /> web-1 +switching +\d+ s/, shown);
    for (const name of names) assert.match(shown, new RegExp(`= ${name} +confirmed`), shown);
    assert.match(shown, /release [0-9a-f]{8} on 2 machines in .* s, confirmed within \d+ ms; nothing sent/, shown);
    assert.doesNotMatch(shown, /web-rollout +updating.* web-1 +health/, shown);
    assert.match(await hosts.sh("web-1", "systemctl show -p MemoryMax 'shop@*'"), /734003200/);
  });

  test("other domains reload Caddy, and no process of the app restarts", async () => {
    const before = await processes();
    https.domains = ["shop.example"];
    await upUnderLoad(/HTTPS: Caddy reloads; no process of the app restarts/, () => stack.up());
    assert.deepEqual(await processes(), before);
    assert.match(await hosts.sh("web-1", "cat /etc/fleetwright/caddy.json"), /shop\.example/);
  });

  test("another runtime bundle is a new generation of the same release", async () => {
    const path = join(project.folder, "runtime/commands.ts");
    writeFileSync(path, readFileSync(path, "utf8").replace("Runs an app on one machine", "Runs one app on one machine"));
    await upUnderLoad(/new generation \(runtime \w{8} -> \w{8}\)\s/, () => stack.up());
  });

  test("mistakes are told with what to do, and exit codes say what kind they are", async () => {
    const told = async (code: number, pattern: RegExp, ...args: string[]): Promise<void> => {
      const run = await stack.fleet(args);
      assert.equal(run.code, code, evidence(run));
      assert.match(run.stderr, pattern);
    };
    await told(2, /too many|unknown option/, "status", "--josn");
    await told(2, /the stack has no fleet "api"\.\nWhat to do: name one that is in its outputs: shop/, "status", "--fleet", "api");
    await told(2, /there is no machine "web-9"\.\nWhat to do: name one of: web-1, web-2/, "rollback", "--skip", "web-9");
    await told(2, /there is no release before this one/, "rollback");
    await told(2, /no machine has a release "abcd"[\s\S]*nothing was switched/, "rollback", "--to", "abcd");
    await told(2, /a part of the fleet such as "25%"/, "rollback", "--batch", "0%");
    await told(2, /4 to 64 hexadecimal digits/, "rollback", "--to", "latest");
    const lost = await project.fleet(["status", "--stack", "nowhere"]);
    assert.ok(lost.code !== 0 && /stack "nowhere" can't be read/.test(lost.stderr), evidence(lost));
  });

  test("rollback to a named release, without a machine that is gone; what comes back is brought along by the next up", async () => {
    const old = (await stack.status()).release ?? "";
    const path = join(project.folder, "examples/fastapi/main.py");
    writeFileSync(path, readFileSync(path, "utf8").replace("Hello from FastAPI", "Hello again"));
    assert.equal((await stack.up()).code, 0);
    const newer = (await stack.status()).release ?? "";
    assert.notEqual(newer, old);
    await hosts.kill("web-2");
    const stopped = await stack.fleet(["rollback"]);
    assert.ok(stopped.code === 1 && /web-2: no answer for [\s\S]*nothing was switched/.test(stopped.stderr), evidence(stopped));
    const back = await stack.fleet(["rollback", "--to", old.slice(0, 8), "--skip", "web-2", "--batch", "50%", "--json"]);
    assert.equal(back.code, 3, evidence(back));
    const events = eventsIn(back.stdout);
    assert.ok(events[0]?.event === "begin" && events[0].release === old && events[0].machines.join() === "web-1", evidence(back));
    assert.ok(events.every(({ event }) => event !== "sent"));
    assert.match(back.stderr, /is back on release \w{8}, but for web-2, which could not be reached\.\nThe configuration still names \w{8}/);
    await hosts.boot("web-2");
    const releases = async (): Promise<(string | null)[]> => (await stack.status()).machines.map(({ release }) => release);
    await until("web-2 serves again", async () => (await stack.status()).machines[1]?.health === "healthy", 60_000);
    assert.deepEqual(await releases(), [old, newer]);
    const up = await stack.fleet(["up"]);
    assert.equal(up.code, 0, evidence(up));
    assert.match(up.stdout, /web-1: new generation \(release \w{8} -> \w{8}\); rolled back from \w{8} at .*: this brings it back/);
    assert.deepEqual(await releases(), [newer, newer]);
  });
});
