/** Apps that have something of their own to do at SIGTERM. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Shim } from "./shim.ts";

const app = `
import http from "node:http";
export const server = http.createServer((_, response) => {
  console.log("asked");
  setTimeout(() => response.end("hello"), 700);
});
`;

const handlers: readonly [what: string, source: string, exit: number, says: RegExp][] = [
  ["ends the process at once", `process.on("SIGTERM", () => { console.log("theirs"); process.exit(0); });`, 0, /theirs/],
  ["ends it at once, with a code of its own", `process.once("SIGTERM", (name) => process.exit(name === "SIGTERM" ? 9 : 1));`, 9, /asked/],
  [
    "ends it when its server has closed",
    `process.on("SIGTERM", () => server.close(() => { console.log("theirs"); process.exit(0); }));`,
    0,
    /theirs/,
  ],
  [
    "waits for something first",
    `process.on("SIGTERM", async () => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      console.log("theirs");
      process.exit(4);
    });`,
    4,
    /theirs/,
  ],
  [
    "ends it by and by, in a callback",
    `process.on("SIGTERM", () => setTimeout(() => { console.log("theirs"); process.exit(6); }, 300));`,
    6,
    /theirs/,
  ],
  ["only cleans up", `process.on("SIGTERM", () => { console.log("theirs"); });`, 0, /theirs/],
  ["fails at it", `process.on("SIGTERM", async () => { throw new Error("can't clean up"); });`, 0, /can't clean up/],
  [
    "has taken its handler off again",
    `const no = () => process.exit(5); process.on("SIGTERM", no); process.off("SIGTERM", no);`,
    0,
    /asked/,
  ],
];

describe("SIGTERM", { concurrency: 4 }, () => {
  for (const listens of [false, true]) {
    for (const [what, source, exit, says] of handlers) {
      test(`an app that ${listens ? "listens itself and " : ""}${what} at SIGTERM has its requests answered first`, async (t) => {
        const text = `${app}\n${source}\n${listens ? "server.listen(1);" : "export default server;"}`;
        const shim = await Shim.ready(t, { files: { "server.ts": text }, app: "server.ts" });
        const answer = shim.get("/");
        await shim.prints(/asked/);
        const startMs = performance.now();
        shim.term();
        await shim.says("draining");
        shim.term();
        assert.equal((await answer).body, "hello");
        assert.equal(await shim.exited, exit);
        const tookMs = performance.now() - startMs;
        assert.ok(tookMs < 4_000, `${tookMs} ms: it waited although there was nothing left to do`);
        assert.match(shim.output, says);
      });
    }
  }

  test("SIGTERM ends a worker whose module is still loading", async (t) => {
    const source = `console.log("loading"); for (const end = Date.now() + 20_000; Date.now() < end; );`;
    const shim = await Shim.start(t, { files: { "server.ts": source }, app: "server.ts" });
    await shim.prints(/loading/);
    shim.term();
    assert.equal(await shim.exited, "SIGTERM");
  });

  test("SIGTERM ends a worker whose module waits, also when it has a handler of its own", async (t) => {
    const source = `process.on("SIGTERM", () => {}); console.log("loading"); await new Promise((resolve) => setTimeout(resolve, 20_000));`;
    const shim = await Shim.start(t, { files: { "server.ts": source }, app: "server.ts" });
    await shim.prints(/loading/);
    shim.term();
    assert.equal(await shim.exited, 3);
  });
});
