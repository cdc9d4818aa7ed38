/** Caddy in front of one contender, set up as a machine's Caddy is, without TLS. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Address, askPid } from "./http.ts";
import type { Lab } from "./lab.ts";
import { isAlive, signal } from "./processes.ts";
import type { Tools } from "./setup.ts";
import { holdsWithin, until } from "./waiting.ts";

export interface Front {
  readonly address: { readonly host: string; readonly port: number };
  readonly pid: number;
  stop(): Promise<void>;
}

export async function startFront(upstream: Address, tools: Tools, lab: Lab): Promise<Front> {
  const folder = lab.newFolder("caddy");
  const address = { host: "127.0.0.1", port: await lab.freePort() };
  const config = join(folder, "caddy.json");
  writeFileSync(config, JSON.stringify(caddyConfig(address.port, upstream, folder)));
  const child = lab.spawn(tools.caddy, ["run", "--config", config], { env: { HOME: folder, XDG_DATA_HOME: folder }, cwd: folder });
  let output = "";
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => (output = (output + chunk).slice(-10_000)));
  child.stdout?.resume();
  const pid = child.pid ?? 0;
  await until("Caddy answers", 15_000, async () => {
    if (!isAlive(pid)) throw new Error(`Caddy has ended:\n${output}`);
    return (await askPid(address, "/").catch(() => 0)) !== 0;
  });
  const stop = async (): Promise<void> => {
    signal(pid, "SIGTERM");
    if (!(await holdsWithin(3_000, () => !isAlive(pid)))) signal(pid, "SIGKILL");
  };
  return { address, pid, stop };
}

/** What matters for the way to the app is as in `runtime/agent/caddy.ts`. */
function caddyConfig(port: number, upstream: Address, folder: string): object {
  const proxy = {
    handler: "reverse_proxy",
    upstreams: [{ dial: "socketPath" in upstream ? `unix/${upstream.socketPath}` : `${upstream.host}:${upstream.port}` }],
    load_balancing: { try_duration: "10s", try_interval: "100ms", retry_match: [{ method: ["FLEETWRIGHT-NEVER"] }] },
    transport: { protocol: "http", dial_timeout: "3s", keep_alive: { enabled: true, max_idle_conns_per_host: 256 } },
  };
  const server = { listen: [`127.0.0.1:${port}`], routes: [{ handle: [proxy] }], automatic_https: { disable: true } };
  return {
    admin: { disabled: true, config: { persist: false } },
    storage: { module: "file_system", root: folder },
    logging: { logs: { default: { level: "ERROR" } } },
    apps: { http: { servers: { bench: server } } },
  };
}
