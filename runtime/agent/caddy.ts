/**
 * Renders Caddy's configuration from a manifest. Pure. Nothing in it changes with a release, so that a deploy
 * never reloads Caddy. Everything is said explicitly instead of by Caddy's automatic HTTPS, which would also
 * decide by what the names look like.
 */
import type { Manifest } from "../manifest.ts";
import { LISTED_CHECK_MS, slotsOf } from "../slots.ts";
import { listedServer, type ProxyParts, slotsLogging, slotsProxy } from "./caddy-slots.ts";
import { caddyAuthority } from "./paths.ts";
import { appSocketPath } from "./units.ts";

/**
 * How long a request waits while the app's socket takes no connection (its queue is full, or it is just
 * being made); and how often it is tried in that time.
 */
const DIAL_RETRY = { try_duration: "10s", try_interval: "100ms" } as const;

/** For the machine's own questions, which may wait: each check costs, so there are fewer of them. */
const LOCAL_CHECK_MS = 2_000;

/** Below the 5 s after which uvicorn closes an idle connection: a request sent just then is lost if it is no GET. */
const SHARED_IDLE = "4s";

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
          ...(internal ? httpsServers(manifest) : { http: server(manifest.https.httpPort, [proxy(manifest, LISTED_CHECK_MS)]) }),
          local: localServer(manifest),
          ...(slots === undefined ? {} : { listed: listedServer(slots) }),
        },
      },
      ...(internal ? internalTls(manifest) : {}),
    },
  };
}

function httpsServers(manifest: Manifest): object {
  const { names, httpPort, httpsPort } = manifest.https;
  return {
    http: server(httpPort, [redirect(httpsPort)]),
    // A client that connects to an IP address sends no server name (RFC 6066, section 3).
    https: {
      ...server(httpsPort, [proxy(manifest, LISTED_CHECK_MS)]),
      tls_connection_policies: [{ default_sni: names[0] }],
    },
  };
}

function server(port: number, handle: object[]): object {
  return {
    listen: [`:${port}`],
    routes: [{ handle }],
    automatic_https: { disable: true },
    read_header_timeout: "30s",
    idle_timeout: "5m",
  };
}

/** For the health gate: the way a client's request goes, without its certificate. */
function localServer(manifest: Manifest): object {
  return {
    listen: ["unix//run/fleetwright-caddy/local.sock|0600"],
    routes: [{ handle: [proxy(manifest, LOCAL_CHECK_MS)] }],
    automatic_https: { disable: true },
  };
}

function redirect(httpsPort: number): object {
  const port = httpsPort === 443 ? "" : `:${httpsPort}`;
  return {
    handler: "static_response",
    // 308 keeps the method and the body (RFC 9110, section 15.4.9).
    status_code: 308,
    headers: {
      Location: [`https://{http.request.host}${port}{http.request.uri}`],
      Connection: ["close"],
    },
  };
}

const slotsIn = ({ app }: Manifest) => slotsOf(app.name, app.processes[0].command);

function proxy(manifest: Manifest, checkMs: number): object {
  const slots = slotsIn(manifest);
  const { upstreams, idleTimeout, selection_policy, health_checks } =
    slots === undefined ? sharedProxy(manifest.app.name) : slotsProxy(slots, checkMs);
  return {
    handler: "reverse_proxy",
    upstreams,
    load_balancing: {
      ...(selection_policy && { selection_policy }),
      ...DIAL_RETRY,
      // Connections that can't be made are always tried again. Without a matcher Caddy repeats failed GETs too:
      // one that kills its worker would then kill them all. No request has this method.
      retry_match: [{ method: ["FLEETWRIGHT-NEVER"] }],
    },
    ...(health_checks && { health_checks }),
    transport: {
      protocol: "http",
      dial_timeout: "3s",
      keep_alive: { enabled: true, max_idle_conns_per_host: 256, idle_timeout: idleTimeout },
    },
  };
}

function sharedProxy(app: string): ProxyParts {
  return { upstreams: [{ dial: `unix/${appSocketPath(app)}` }], idleTimeout: SHARED_IDLE };
}

/** The machine's own certificate authority. Its names are unique, as clients trust the roots of several machines at once. */
function internalTls({ fleet, machine, https }: Manifest): object {
  const owner = `${fleet}/${machine}`;
  return {
    tls: {
      certificates: { automate: https.names },
      automation: {
        policies: [
          {
            subjects: https.names,
            issuers: [{ module: "internal", ca: caddyAuthority }],
          },
        ],
      },
    },
    pki: {
      certificate_authorities: {
        [caddyAuthority]: {
          name: owner,
          root_common_name: `${owner} root`,
          intermediate_common_name: `${owner} intermediate`,
          install_trust: false,
        },
      },
    },
  };
}
