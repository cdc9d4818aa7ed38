/** What a run needs, pinned: contenders and their packages into the cache, our own bundle made anew. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { arch, cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { bundleRuntimeSources } from "../../infra/build/runtime-sources.ts";
import { cachePath, makeOnce } from "../../infra/cache.ts";
import { onPath } from "../../infra/offline/executables.ts";
import { caddyBinary } from "../../infra/offline/caddy.ts";

const run = promisify(execFile);

const SERVED = ["fastapi==0.165.0", "uvicorn==0.54.0", "httptools==0.9.0"];
const REQUIREMENTS = {
  /** uvicorn falls back to asyncio's own loop when uvloop is not there. */
  asyncio: SERVED,
  uvloop: [...SERVED, "uvloop==0.23.0", "gunicorn==27.0.1", "uvicorn-worker==0.4.0", "granian==2.8.7"],
} as const;

export type Loop = keyof typeof REQUIREMENTS;

export interface Tools {
  /** A copy of this Node, which nothing else on this computer shares pages with: PSS is then that of the tree alone. */
  readonly node: string;
  /** The interpreter itself, not a launcher of it. */
  readonly python: string;
  /** For PYTHONPATH. */
  readonly packages: Readonly<Record<Loop, string>>;
  /** Our bundle: fleethost.mjs beside the workers' shims. */
  readonly fleethost: string;
  /** PM2's command line, a JavaScript file. */
  readonly pm2: string;
  readonly caddy: string;
  readonly wrk: string;
  readonly facts: Readonly<Record<string, string>>;
}

const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** @param bundleFolder where our bundle goes. @throws Error that says what to install */
export async function prepare(bundleFolder: string): Promise<Tools> {
  const wrk = onPath("wrk");
  if (wrk === undefined) throw new Error("wrk, which makes the load, is not on PATH. What to do: apt-get install wrk");
  const python = (await run("python3", ["-c", "import sys; print(sys.executable)"])).stdout.trim();
  const packages = { asyncio: await pythonPackages(python, "asyncio"), uvloop: await pythonPackages(python, "uvloop") };
  await bundleRuntimeSources(bundleFolder);
  const tools = {
    node: await nodeCopy(),
    python,
    packages,
    fleethost: join(bundleFolder, "fleethost.mjs"),
    pm2: await pm2(),
    caddy: await caddyBinary(arch() === "arm64" ? "arm64" : "x64", { say }),
    wrk,
  };
  return { ...tools, facts: await facts(tools) };
}

async function nodeCopy(): Promise<string> {
  const folder = await makeOnce(cachePath(`bench-node-${process.version}-${arch()}`), async (temporary) => {
    mkdirSync(temporary);
    copyFileSync(process.execPath, join(temporary, "node"));
  });
  return join(folder, "node");
}

async function pythonPackages(python: string, loop: Loop): Promise<string> {
  const { stdout } = await run(python, ["-c", "import sys; print(sys.implementation.cache_tag, sys.prefix)"]);
  const hash = hashOf(stdout, ...REQUIREMENTS[loop]);
  return makeOnce(cachePath(`bench-python-${hash}`), async (temporary) => {
    say(`Installing ${REQUIREMENTS[loop].join(", ")} …`);
    await run(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", temporary, ...REQUIREMENTS[loop]]);
  });
}

async function pm2(): Promise<string> {
  const files = ["package.json", "package-lock.json"].map((name) => join(import.meta.dirname, "pm2", name));
  const hash = hashOf(...files.map((file) => readFileSync(file, "utf8")));
  const folder = await makeOnce(cachePath(`bench-pm2-${hash}`), async (temporary) => {
    say("Installing PM2 …");
    mkdirSync(temporary);
    for (const file of files) copyFileSync(file, join(temporary, file.slice(file.lastIndexOf("/") + 1)));
    await run("npm", ["ci", "--ignore-scripts", "--no-fund", "--no-audit", "--loglevel=error"], { cwd: temporary });
  });
  return join(folder, "node_modules", "pm2", "bin", "pm2");
}

const hashOf = (...parts: string[]): string => createHash("sha256").update(parts.join("\0")).digest("hex").slice(0, 16);

async function facts(tools: Omit<Tools, "facts">): Promise<Record<string, string>> {
  const versions = "import sys, importlib.metadata as m; print(*(f'{n} {m.version(n)}' for n in sys.argv[1:]), sep=', ')";
  const names = ["fastapi", "uvicorn", "uvloop", "httptools", "gunicorn", "uvicorn-worker", "granian"];
  const env = { ...process.env, PYTHONPATH: tools.packages.uvloop };
  const line = async (file: string, ...args: string[]): Promise<string> => (await run(file, args, { env })).stdout.trim();
  const commit = await line("git", "-C", import.meta.dirname, "describe", "--always", "--dirty").catch(() => "not in a git clone");
  const pm2Package = JSON.parse(readFileSync(join(tools.pm2, "..", "..", "package.json"), "utf8")) as { version: string };
  const wrk = await line(tools.wrk, "-v").catch((error: { stdout: string }) => error.stdout);
  return {
    machine: `${cpus().length} cores (${cpus()[0]?.model ?? "unknown"}), ${Math.round(totalmem() / 2 ** 30)} GiB, kernel ${release()}`,
    ours: `fleethost at ${commit}, built bundle (fleethost.mjs), Node ${process.versions.node}`,
    python: `${await line(tools.python, "--version")}: ${await line(tools.python, "-c", versions, ...names)}`,
    node: `pm2 ${pm2Package.version}, Node ${process.versions.node}`,
    // One that was built here does not know its version otherwise.
    front: `Caddy ${/caddyserver\/caddy\/v2\s+v(\S+)/.exec(await line(tools.caddy, "build-info"))?.[1] ?? "?"}`,
    load: `wrk ${/wrk (\S+)/.exec(wrk)?.[1] ?? "?"}, and the prober of this folder`,
    date: new Date().toISOString(),
  };
}
