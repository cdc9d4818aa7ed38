/** PM2's cluster mode, with its daemon, as `pm2 start` runs it. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Lab } from "../lab.ts";
import { childrenOf, isAlive, signal, treeOf } from "../processes.ts";
import type { Tools } from "../setup.ts";
import { holdsWithin } from "../waiting.ts";
import { APPS, type Contender, type Running, type Setup } from "./contender.ts";

const COMMAND_LIMIT_MS = 60_000;

export const pm2: Contender = {
  id: "pm2",
  title: "PM2 cluster",
  family: "node",
  note: "PM2: its daemon is the parent; reload is `pm2 reload`; the app closes its server on SIGINT, as PM2's documentation asks.",
  start,
};

async function start(setup: Setup, tools: Tools, lab: Lab): Promise<Running> {
  const home = lab.newFolder("pm2");
  const config = join(home, "bench.config.json");
  writeFileSync(config, JSON.stringify({ apps: [appConfig(setup)] }));
  const command = commandRunner(home, tools, lab);
  await command("start", config);
  const parentPid = Number(readFileSync(join(home, "pm2.pid"), "utf8"));
  const tree = (): number[] => treeOf(parentPid);
  return {
    contender: pm2,
    address: setup.listen,
    parentPid,
    ended: holdsWithin(24 * 3_600_000, () => !isAlive(parentPid), 200).then(() => "ended"),
    workerPids: () => childrenOf(parentPid),
    reload: () => command("reload", "app"),
    output: () => readFileSync(join(home, "pm2.log"), "utf8").slice(-20_000),
    stop: async () => {
      const all = tree();
      await command("kill").catch(() => {});
      for (const pid of new Set([...all, ...tree()])) signal(pid, "SIGKILL");
    },
  };
}

function appConfig({ app, workers, listen, env }: Setup): object {
  const where = "socketPath" in listen ? { BENCH_SOCKET: listen.socketPath } : { BENCH_PORT: String(listen.port) };
  return {
    name: "app",
    script: join(APPS, app === "broken" ? "broken.mjs" : "server.mjs"),
    exec_mode: "cluster",
    instances: workers,
    env: { ...where, ...env },
  };
}

/** The daemon inherits the environment of the command that starts it, and with it the lab's mark. */
function commandRunner(home: string, tools: Tools, lab: Lab): (...args: string[]) => Promise<void> {
  return async (...args) => {
    const child = lab.spawn(tools.node, [tools.pm2, ...args], { env: { PM2_HOME: home, PM2_DISABLE_VERSION_CHECK: "true" }, cwd: home });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
    const code = await new Promise<number | null>((resolve) => {
      const limit = setTimeout(() => child.kill("SIGKILL"), COMMAND_LIMIT_MS);
      child.once("exit", (exitCode) => {
        clearTimeout(limit);
        resolve(exitCode);
      });
    });
    if (code !== 0) throw new Error(`pm2 ${args.join(" ")} ended with ${code}:\n${output}`);
  };
}
