/** Renders what Caddy believes of a client, what it tells the app about one, and how much it takes from it. Pure. */
import { type Https, limitsOf } from "../https.ts";

/** Whose `X-Forwarded-For` and `X-Forwarded-Proto` count. */
export function trust({ trustedProxies = [] }: Https): object {
  if (trustedProxies.length === 0) return {};
  return {
    trusted_proxies: { source: "static", ranges: trustedProxies },
    client_ip_headers: ["X-Forwarded-For"],
    // From the right, the first that is none of ours: what stands before it, the client may have written itself.
    trusted_proxies_strict: 1,
  };
}

const NS_PER_MS = 1_000_000;

/**
 * Ends a request whose body has stalled, and its connection: a limit without a byte, as one for the whole would cut off slow clients.
 *
 * Not by the server's own `read_idle_timeout`, which 2.11.9 has, and uses unless told not to: that leaves the connection open, and
 * what a client sends next of the body is taken for another request. Behind a balancer that could be somebody else's (tried: `POST` with
 * a third of its body, a pause, and the rest had an answer of its own).
 */
export function stalledBodies(https: Https): object {
  return { handle: [{ handler: "timeouts", read_timeout: limitsOf(https).readTimeoutMs * NS_PER_MS }] };
}

/** What is done with a request before the app gets it, whoever it is for. */
export function clientRoutes(https: Https): object[] {
  const { trustedProxies = [] } = https;
  const untrusted = trustedProxies.length === 0 ? {} : { match: [{ not: [{ remote_ip: { ranges: trustedProxies } }] }] };
  return [
    // Caddy itself sees to three of them only.
    { ...untrusted, handle: [{ handler: "headers", request: { delete: ["X-Forwarded-*"] } }] },
    { handle: [{ handler: "request_body", max_size: limitsOf(https).bodyMiB * 1024 * 1024 }] },
  ];
}

/**
 * What the app is told about a client, in the handler that asks it. One address, not the list of all on the way: frameworks differ
 * in which of a list they take, and uvicorn's, for one, takes the first, which the client may have written itself. The other headers
 * are those that balancers hand on as they came (AWS's do), so that they are never believed.
 */
export const clientHeaders: object = {
  request: {
    set: { "X-Forwarded-For": ["{http.vars.client_ip}"], "X-Forwarded-Host": ["{http.request.hostport}"] },
    delete: ["Forwarded", "X-Real-IP"],
  },
};
