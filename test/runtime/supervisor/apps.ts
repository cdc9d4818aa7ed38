/** The same small app twice, for both kinds of worker: `/`, `/env`, and `/slow?ms=`, `/block?ms=`, which print `took`. */
import type { TestContext } from "node:test";
import { pythonForTests } from "../../support/venv.ts";
import { Host, type HostSetup } from "./host.ts";

export interface TestApp {
  readonly kind: string;
  readonly files: Readonly<Record<string, string>>;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** The module's file, and a text that makes it fail at import. */
  readonly module: string;
  readonly broken: string;
  /** A line for the module: it takes this long to load, and its loop stands still meanwhile. */
  readonly delay: (delayMs: number) => string;
}

/** Each boot takes this long. */
export const slowToBoot = (app: TestApp, bootMs: number): TestApp => withModule(app, app.delay(bootMs) + app.files[app.module]);

export const withModule = (app: TestApp, text: string): TestApp => ({ ...app, files: { ...app.files, [app.module]: text } });

export function start(t: TestContext, app: TestApp, args: readonly string[] = [], setup: Partial<HostSetup> = {}): Host {
  const { env, ...more } = setup;
  return new Host(t, { files: app.files, env: { ...app.env, ...env }, ...more, args: [...app.args, "--workers", "2", ...args] });
}

/** The app tells that it has begun with a request. */
export const isBusy = (host: Host): Promise<void> => host.until(/^\[\d\] took \//m);

const NODE_APP = `
import type { IncomingMessage, ServerResponse } from "node:http";
const milliseconds = (url: URL): number => Number(url.searchParams.get("ms"));
export default async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", "http://x");
  for await (const _ of request);
  if (url.searchParams.has("ms")) console.log("took " + url.pathname);
  if (url.pathname === "/slow") await new Promise((resolve) => setTimeout(resolve, milliseconds(url)));
  if (url.pathname === "/block") for (const end = Date.now() + milliseconds(url); Date.now() < end; );
  response.end(JSON.stringify({ pid: process.pid, env: url.pathname === "/env" ? process.env : undefined }));
}
`;

const ASGI_APP = `
import asyncio, os, time
from fastapi import FastAPI, Request
app = FastAPI()

@app.api_route("/", methods=["GET", "POST"])
async def root(request: Request):
    await request.body()
    return {"pid": os.getpid(), "client": request.client}

@app.get("/slow")
async def slow(ms: float):
    print("took /slow")
    await asyncio.sleep(ms / 1000)
    return {"pid": os.getpid()}

@app.get("/block")
async def block(ms: float):
    print("took /block")
    time.sleep(ms / 1000)
    return {"pid": os.getpid()}

@app.get("/env")
async def env():
    return {"env": dict(os.environ)}
`;

export const nodeApp = async (): Promise<TestApp> => ({
  kind: "node",
  files: { "server.ts": NODE_APP },
  args: ["--node", "server.ts"],
  env: {},
  module: "server.ts",
  broken: 'throw new Error("the table of prices is missing");\n',
  delay: (delayMs) => `Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${delayMs});\n`,
});

/** @param uvloop whether uvicorn runs on it, as with `uvicorn[standard]`, or on asyncio's own loop */
export async function asgiApp({ uvloop = true } = {}): Promise<TestApp> {
  const { python, packages } = await pythonForTests();
  // Found before the real one: uvicorn then takes asyncio's own loop.
  const noUvloop: Record<string, string> = uvloop ? {} : { "uvloop.py": "raise ImportError\n" };
  return {
    kind: uvloop ? "asgi on uvloop" : "asgi on asyncio",
    files: { "main.py": ASGI_APP, ...noUvloop },
    args: ["--asgi", "main:app", "--python", python],
    env: { PYTHONPATH: packages },
    module: "main.py",
    broken: 'raise RuntimeError("the table of prices is missing")\n',
    delay: (delayMs) => `import time; time.sleep(${delayMs / 1000})\n`,
  };
}

/** Both kinds of worker: what a property is tried on when it concerns them all. */
export const kinds = [
  { name: "Node", makeApp: nodeApp },
  { name: "ASGI", makeApp: asgiApp },
] as const;
