/** How an ASGI worker starts, and how it says that it can't. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { standardPython, wsgi } from "./asgi-apps.ts";
import { Shim } from "./shim.ts";

const failures: readonly [what: string, source: string, said: RegExp][] = [
  ["raises when it is imported", "raise RuntimeError('no table of prices')", /Traceback[^]*no table of prices/],
  ["calls sys.exit(0) when it is imported", "import sys; sys.exit(0)", /main:app: not started, because of sys\.exit\(0\)/],
  ["calls sys.exit() with a text", "import sys; sys.exit('no licence')", /not started, because of sys\.exit\('no licence'\)/],
  ["has no such attribute", "application = 1", /Attribute "app" not found in module "main"/],
  ["needs a package that isn't there", "import no_such_package", /Traceback[^]*No module named 'no_such_package'/],
  [
    "raises in its lifespan",
    `
from contextlib import asynccontextmanager
from fastapi import FastAPI
@asynccontextmanager
async def lifespan(app):
    raise RuntimeError("no database")
    yield
app = FastAPI(lifespan=lifespan)`,
    /Traceback[^]*no database[^]*Application startup failed/,
  ],
  [
    "calls sys.exit(0) in its lifespan",
    `
import sys
from contextlib import asynccontextmanager
from fastapi import FastAPI
@asynccontextmanager
async def lifespan(app):
    sys.exit(0)
    yield
app = FastAPI(lifespan=lifespan)`,
    /Application startup failed/,
  ],
];

const exits = `
import sys
async def app(scope, receive, send):
    if scope["type"] == "http":
        sys.exit(7)
    raise NotImplementedError`;

describe("an ASGI worker starts", { concurrency: 4 }, () => {
  for (const [what, source, said] of failures) {
    test(`an ASGI app that ${what}: exit code 3, and the reason`, async (t) => {
      const shim = await Shim.start(t, { files: { "main.py": source }, app: "main:app" });
      assert.equal(await shim.exited, 3);
      assert.match(shim.output, said);
      assert.deepEqual(shim.messages, []);
    });
  }

  test("an app that calls sys.exit in a request has failed that request, and serves on", async (t) => {
    const shim = await Shim.ready(t, { files: { "main.py": exits }, app: "main:app" });
    assert.equal((await shim.get("/")).status, 500);
    assert.equal((await shim.get("/")).status, 500);
  });

  for (const [adapter, python] of [
    ["a2wsgi", standardPython],
    ["uvicorn's own adapter, without a2wsgi", undefined],
  ] as const) {
    test(`a WSGI app is served through ${adapter}`, async (t) => {
      const packages = python === undefined ? {} : { python: await python() };
      const shim = await Shim.ready(t, { files: { "main.py": wsgi }, app: "main:app", flags: ["--wsgi"], ...packages });
      assert.equal((await shim.get("/a")).body, "wsgi /a 0");
      assert.equal((await shim.get("/b", { method: "POST" })).body, "wsgi /b 1000");
      shim.term();
      assert.equal(await shim.exited, 0);
      assert.deepEqual(
        shim.types.filter((type) => type !== "beat"),
        ["ready", "draining"],
      );
    });
  }

  test("a WSGI app without any adapter: exit code 3, and the package to add", async (t) => {
    // As with a uvicorn that has none of its own any more.
    const source = `import sys; sys.modules["uvicorn.middleware.wsgi"] = None\n${wsgi}`;
    const shim = await Shim.start(t, { files: { "main.py": source }, app: "main:app", flags: ["--wsgi"] });
    assert.equal(await shim.exited, 3);
    assert.match(shim.output, /main:app is a WSGI app, and uvicorn [\d.]+ has no adapter for it: add a2wsgi to requirements\.txt/);
  });
});
