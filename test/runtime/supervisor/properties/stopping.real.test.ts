import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { asgiApp, nodeApp, start, type TestApp, withModule } from "../apps.ts";
import type { Answer, Host } from "../host.ts";
import { isAlive } from "../proc.ts";

const DEAF_NODE = `
setTimeout(() => {
  if (process.env.FLEETWRIGHT_SLOT! > process.env.DEAF!) return;
  setInterval(() => {}, 1000);
  process.on("SIGTERM", () => new Promise(() => {}));
  console.log("is deaf");
}, 200);
`;

const DEAF_PYTHON = `
import contextlib, signal
def go_deaf():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("is deaf")
@contextlib.asynccontextmanager
async def lifespan(app):
    if os.environ["FLEETWRIGHT_SLOT"] <= os.environ["DEAF"]:
        asyncio.get_running_loop().call_later(0.2, go_deaf)
    yield
app.router.lifespan_context = lifespan
`;

/** The app, with workers up to a slot that ignore TERM soon after their start. */
const deafUpTo = (app: TestApp, slot: number, code: string): TestApp =>
  withModule({ ...app, env: { ...app.env, DEAF: String(slot) } }, `${app.files[app.module]}${code}`);

describe("2. A worker that ignores TERM is killed at its deadline; the others drain meanwhile", () => {
  for (const { name, makeApp, code } of [
    { name: "Node", makeApp: nodeApp, code: DEAF_NODE },
    { name: "ASGI", makeApp: asgiApp, code: DEAF_PYTHON },
  ]) {
    test(`its sibling answers what it has, and has gone long before (${name})`, async (t) => {
      const host = start(t, deafUpTo(await makeApp(), 1, code), ["--drain-timeout-ms", "2000"]);
      await host.until(/Ready/);
      const [first = 0, second = 0] = host.workerPids;
      await host.until(/\[1\] is deaf/);
      const { answers } = await slowRequestsUpTo(host, 2);
      const stoppedMs = performance.now();
      host.signal("SIGTERM");
      assert.deepEqual(
        (await answers).filter(({ status }) => status !== 200),
        [],
      );
      await host.eventually("the sibling has gone", () => !isAlive(second), 3_000);
      assert.ok(isAlive(first), "the deaf one still has time");
      assert.equal(await host.exited, 0);
      const tookMs = performance.now() - stoppedMs;
      assert.ok(tookMs > 3_900 && tookMs < 8_000, `${tookMs} ms: its drain time, and two seconds on top for its own clean-up`);
      assert.match(host.output, new RegExp(`Worker \\[${first}\\] \\(slot 1\\): had not ended 2000 ms after it was told to; killed`));
      assert.ok(!isAlive(first));
    });
  }

  test("three deaf ones take no longer than one", async (t) => {
    const host = start(t, deafUpTo(await nodeApp(), 3, DEAF_NODE), ["--workers", "3", "--drain-timeout-ms", "500"]);
    await host.eventually("all are deaf", () => host.count("is deaf") === 3);
    const stoppedMs = performance.now();
    host.signal("SIGTERM");
    assert.equal(await host.exited, 0);
    assert.ok(performance.now() - stoppedMs < 4_500);
    assert.equal(host.count("told to; killed"), 3);
  });

  test("one that a reload replaces is killed at its deadline, and the reload goes on", async (t) => {
    const host = start(t, deafUpTo(await nodeApp(), 1, DEAF_NODE), ["--drain-timeout-ms", "500"]);
    await host.until(/is deaf/);
    await host.until(/Ready/);
    await host.reload();
    assert.equal(host.count("had not ended 500 ms after it was told to; killed"), 1);
    await host.settled(2);
  });
});

/** Asks until the worker of that slot has got one: which worker takes a connection is not ours to say. */
async function slowRequestsUpTo(host: Host, slot: number): Promise<{ readonly answers: Promise<Answer[]> }> {
  const asked: Promise<Answer>[] = [];
  while (!host.output.includes(`[${slot}] took /slow`)) {
    asked.push(host.get("/slow?ms=1000"));
    await host.eventually("somebody took it", () => host.count("took /slow") >= asked.length);
  }
  return { answers: Promise.all(asked) };
}
