/** `fleethost run` from the built bundle. */
import type { Tools } from "../setup.ts";
import { APPS, type Setup } from "./contender.ts";
import { type CommandLine, foreground } from "./foreground.ts";

/** Of a whole reload; one that failed is over, too. */
const reloaded = /Reloaded:|Reload failed/;

export const oursAsgi = foreground({
  id: "ours-asgi",
  title: "fleethost",
  family: "asgi",
  reloaded,
  commandLine: (setup, tools) =>
    commandLine(setup, tools, ["--asgi", `${setup.app}:app`, "--python", tools.python], {
      PYTHONPATH: tools.packages[setup.loop ?? "uvloop"],
    }),
});

export const oursNode = foreground({
  id: "ours-node",
  title: "fleethost",
  family: "node",
  reloaded,
  commandLine: (setup, tools) =>
    commandLine(setup, tools, ["--node", setup.app === "broken" ? "broken.mjs" : "server.mjs"], { BENCH_PORT: "0" }),
});

function commandLine(setup: Setup, tools: Tools, app: readonly string[], env: Record<string, string>): CommandLine {
  const { listen } = setup;
  const where = "socketPath" in listen ? ["--socket", listen.socketPath] : ["--host", listen.host, "--port", String(listen.port)];
  const liveness = setup.livenessTimeoutMs === undefined ? [] : ["--liveness-timeout-ms", String(setup.livenessTimeoutMs)];
  const args = [tools.fleethost, "run", "--app-dir", APPS, "--workers", String(setup.workers), ...where, ...liveness, ...app];
  return { file: tools.node, args, env };
}
