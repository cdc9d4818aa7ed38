/** The real Caddy with a rendered configuration, all of whose paths are in one folder. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { renderCaddyConfig } from "../../../runtime/agent/caddy.ts";
import type { Manifest } from "../../../runtime/manifest.ts";

export interface CaddyProcess {
  readonly caddy: ChildProcess;
  /** Its lines so far. */
  log(): string;
}

/** Where it looks for apps' sockets. */
export const socketsFolder = (root: string): string => join(root, "sockets");

/** @param change of the rendered configuration, to try another one */
export function startCaddy(
  binary: string,
  root: string,
  manifest: Manifest,
  change: (config: string) => string = (config) => config,
): CaddyProcess {
  for (const folder of [join(root, "caddy"), join(root, "lib"), socketsFolder(root)]) mkdirSync(folder, { recursive: true });
  const config = renderCaddyConfig(manifest)
    .replaceAll("/run/fleetwright-sockets", socketsFolder(root))
    .replaceAll("/run/fleetwright-caddy", join(root, "caddy"))
    .replaceAll("/var/lib/fleetwright-caddy", join(root, "lib"));
  writeFileSync(join(root, "caddy.json"), change(config));
  const caddy = spawn(binary, ["run", "--config", join(root, "caddy.json")], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, HOME: root },
  });
  let lines = "";
  caddy.stderr.setEncoding("utf8").on("data", (text: string) => (lines += text));
  return { caddy, log: () => lines };
}
