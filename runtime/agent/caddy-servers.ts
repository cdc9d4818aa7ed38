/** Renders the servers that Caddy runs on a machine. Pure. */
import { limitsOf } from "../https.ts";
import type { Manifest } from "../manifest.ts";
import { LISTED_CHECK_MS } from "../slots.ts";
import { clientRoutes, stalledBodies, trust } from "./caddy-client.ts";
import { LOCAL_CHECK_MS, proxy } from "./caddy-proxy.ts";

/** What clients reach. */
export function outerServers(manifest: Manifest): object {
  const { mode, httpPort } = manifest.https;
  return mode === "none" ? { http: server(manifest.https, httpPort, appRoutes(manifest)) } : httpsServers(manifest);
}

const appRoutes = (manifest: Manifest): object[] => [
  ...clientRoutes(manifest.https),
  { handle: [proxy(manifest, { checkMs: LISTED_CHECK_MS, asked: "by clients" })] },
];

function httpsServers(manifest: Manifest): object {
  const { names, httpPort, httpsPort } = manifest.https;
  return {
    http: server(manifest.https, httpPort, [{ handle: [redirect(httpsPort)] }]),
    // A client that connects to an IP address sends no server name (RFC 6066, section 3).
    https: {
      ...server(manifest.https, httpsPort, [...nameRoutes(manifest.https), ...appRoutes(manifest)]),
      tls_connection_policies: [{ default_sni: names[0] }],
    },
  };
}

/** What is done before the app is asked: by what name the client came. */
function nameRoutes(https: Manifest["https"]): object[] {
  const { from, to } = https.redirects ?? { from: [], to: "" };
  return [
    ...(https.hsts === undefined ? [] : [{ handle: [hsts(https.hsts)] }]),
    ...(from.length === 0 ? [] : [{ match: [{ host: from }], handle: [redirect(https.httpsPort, to)], terminal: true }]),
  ];
}

function hsts({ maxAgeS, includeSubDomains, preload }: NonNullable<Manifest["https"]["hsts"]>): object {
  const value = [`max-age=${maxAgeS}`, ...(includeSubDomains ? ["includeSubDomains"] : []), ...(preload ? ["preload"] : [])].join("; ");
  // After the app has answered: this is the fleet's to say.
  return { handler: "headers", response: { deferred: true, set: { "Strict-Transport-Security": [value] } } };
}

function server(https: Manifest["https"], port: number, routes: object[]): object {
  const { headerKiB, headerTimeoutMs, writeTimeoutMs, idleTimeoutMs } = limitsOf(https);
  return {
    listen: [`:${port}`],
    routes: [stalledBodies(https), ...routes],
    automatic_https: { disable: true },
    ...trust(https),
    max_header_bytes: headerKiB * 1024,
    read_header_timeout: `${headerTimeoutMs}ms`,
    // Below zero: not by the server, but by the route above.
    read_idle_timeout: "-1ms",
    // Without a byte taken in that time; a limit for the whole of an answer would cut off slow clients and streams.
    write_idle_timeout: `${writeTimeoutMs}ms`,
    idle_timeout: `${idleTimeoutMs}ms`,
  };
}

/** For the health gate: the way a client's request goes, without its certificate. */
export function localServer(manifest: Manifest): object {
  return {
    listen: ["unix//run/fleetwright-caddy/local.sock|0600"],
    routes: [{ handle: [proxy(manifest, { checkMs: LOCAL_CHECK_MS, asked: "by ourselves" })] }],
    automatic_https: { disable: true },
  };
}

function redirect(httpsPort: number, host = "{http.request.host}"): object {
  const port = httpsPort === 443 ? "" : `:${httpsPort}`;
  return {
    handler: "static_response",
    // 308 keeps the method and the body (RFC 9110, section 15.4.9).
    status_code: 308,
    headers: {
      Location: [`https://${host}${port}{http.request.uri}`],
      Connection: ["close"],
    },
  };
}
