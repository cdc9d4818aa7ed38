/** The same small app twice, for both kinds of worker: `/`, `/env`, and `/slow?ms=`, `/block?ms=`, which print `took`. */
import { pythonForTests } from "../../support/venv.ts";

export interface TestApp {
  readonly kind: string;
  readonly files: Readonly<Record<string, string>>;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** The module's file, and a text that makes it fail at import. */
  readonly module: string;
  readonly broken: string;
}

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
  };
}
