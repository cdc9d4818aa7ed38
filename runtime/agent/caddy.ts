/**
 * Renders Caddy's configuration from a manifest. Pure. Nothing in it changes with a release, so that a deploy
 * never reloads Caddy. Everything is said explicitly instead of by Caddy's automatic HTTPS, which would also
 * decide by what the names look like.
 */
import type { Manifest } from "../manifest.ts";
import { slotsIn } from "./caddy-proxy.ts";
import { localServer, outerServers } from "./caddy-servers.ts";
import { listedServer, slotsLogs } from "./caddy-slots.ts";
import { certificateLogs, tlsApps } from "./caddy-tls.ts";

export function renderCaddyConfig(manifest: Manifest): string {
  return `${JSON.stringify(caddyConfig(manifest), null, 2)}\n`;
}

function caddyConfig(manifest: Manifest): object {
  const slots = slotsIn(manifest);
  const logs = { ...(slots === undefined ? {} : slotsLogs()), ...certificateLogs(manifest) };
  return {
    ...(Object.keys(logs).length === 0 ? {} : { logging: { logs } }),
    admin: {
      listen: "unix//run/fleetwright-caddy/admin.sock|0600",
      config: { persist: false },
    },
    storage: { module: "file_system", root: "/var/lib/fleetwright-caddy" },
    apps: {
      http: {
        http_port: manifest.https.httpPort,
        https_port: manifest.https.httpsPort,
        grace_period: "30s",
        servers: {
          ...outerServers(manifest),
          local: localServer(manifest),
          ...(slots === undefined ? {} : { listed: listedServer(slots) }),
        },
      },
      ...tlsApps(manifest),
    },
  };
}
