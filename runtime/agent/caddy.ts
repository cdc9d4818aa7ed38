/**
 * Renders Caddy's configuration from a manifest. Pure. Nothing in it changes with a release, so that a deploy
 * never reloads Caddy. Everything is said explicitly instead of by Caddy's automatic HTTPS, which would also
 * decide by what the names look like.
 */
import type { Manifest } from "../manifest.ts";
import { slotsIn } from "./caddy-proxy.ts";
import { localServer, outerServers } from "./caddy-servers.ts";
import { listedServer, slotsLogging } from "./caddy-slots.ts";
import { internalTls } from "./caddy-tls.ts";

export function renderCaddyConfig(manifest: Manifest): string {
  return `${JSON.stringify(caddyConfig(manifest), null, 2)}\n`;
}

function caddyConfig(manifest: Manifest): object {
  const internal = manifest.https.mode === "internal";
  const slots = slotsIn(manifest);
  return {
    ...(slots === undefined ? {} : { logging: slotsLogging() }),
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
      ...(internal ? internalTls(manifest) : {}),
    },
  };
}
