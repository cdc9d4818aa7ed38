/** Renders the servers that Caddy runs on a machine. Pure. */
import type { Manifest } from "../manifest.ts";
import { LISTED_CHECK_MS } from "../slots.ts";
import { LOCAL_CHECK_MS, proxy } from "./caddy-proxy.ts";

/** For requests of clients. */
const clients = { checkMs: LISTED_CHECK_MS, keeps: true };

/** What clients reach. */
export function outerServers(manifest: Manifest): object {
  const { mode, httpPort } = manifest.https;
  return mode === "none" ? { http: server(httpPort, [proxy(manifest, clients)]) } : httpsServers(manifest);
}

function httpsServers(manifest: Manifest): object {
  const { names, httpPort, httpsPort } = manifest.https;
  const https = server(httpsPort, [proxy(manifest, clients)]);
  return {
    http: server(httpPort, [redirect(httpsPort)]),
    // A client that connects to an IP address sends no server name (RFC 6066, section 3).
    https: {
      ...https,
      routes: [...nameRoutes(manifest.https), ...https.routes],
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

function server(port: number, handle: object[]) {
  return {
    listen: [`:${port}`],
    routes: [{ handle }],
    automatic_https: { disable: true },
    read_header_timeout: "30s",
    idle_timeout: "5m",
  };
}

/** For the health gate: the way a client's request goes, without its certificate. */
export function localServer(manifest: Manifest): object {
  return {
    listen: ["unix//run/fleetwright-caddy/local.sock|0600"],
    // A kept connection would have the worker that is to end wait for its next request: every switch, after every status.
    routes: [{ handle: [proxy(manifest, { checkMs: LOCAL_CHECK_MS, keeps: false })] }],
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
