/** What an ASGI worker says of itself, to the supervisor and in its log. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { longLived, standardPython } from "./asgi-apps.ts";
import { beatsCount, saysSpentOnce } from "./either-kind.ts";
import { SharedSocket, Shim } from "./shim.ts";

const setup = { files: { "main.py": longLived }, app: "main:app" };

describe("an ASGI worker tells", { concurrency: 4 }, () => {
  test("asgi: a beat follows ready at once, however rare beats are", async (t) => {
    const shim = await Shim.ready(t, { ...setup, flags: ["--beat-ms=60000"] });
    await shim.says("beat");
    assert.deepEqual(shim.messages, [{ type: "ready" }, { type: "beat", requests: 0, active: 0, connections: 0 }]);
  });

  for (const [what, python] of [
    ["h11", undefined],
    ["httptools", standardPython],
  ] as const) {
    test(`asgi on ${what}: beats count requests answered, requests under way, and connections`, async (t) =>
      beatsCount(t, { ...setup, ...(python === undefined ? {} : { python: await python() }) }));
  }

  test("asgi: spent is said once, at --max-requests, and it serves on", (t) => saysSpentOnce(t, setup));

  test("asgi: no access log, unless it is asked for", async (t) => {
    const quiet = await Shim.ready(t, setup);
    const talking = await Shim.ready(t, { ...setup, flags: ["--access-log"] });
    for (const shim of [quiet, talking]) await shim.get("/?q=1");
    await talking.prints(/"GET \/\?q=1 HTTP\/1\.1" 200/);
    assert.doesNotMatch(quiet.output, /GET/);
  });

  test("asgi: the environment's variables for uvicorn's own processes change nothing", async (t) => {
    const env = { WEB_CONCURRENCY: "auto", UVICORN_WORKERS: "4", UVICORN_RELOAD: "true", UVICORN_PORT: "1", FORWARDED_ALLOW_IPS: "nobody" };
    const shim = await Shim.ready(t, { ...setup, env, socket: await SharedSocket.unix(t) });
    assert.equal((await shim.get("/")).status, 200);
    assert.equal(JSON.parse((await shim.get("/")).body).pid, shim.pid);
  });

  test("asgi: every TCP socket has TCP_NODELAY, also when the one that was given lacks it", async (t) => {
    const shim = await Shim.ready(t, { ...setup, socket: SharedSocket.bare(t) });
    const { noDelay } = JSON.parse((await shim.get("/delays")).body) as { noDelay: number[] };
    assert.ok(noDelay.length >= 2 && noDelay.every((value) => value !== 0), noDelay.join());
  });
});
