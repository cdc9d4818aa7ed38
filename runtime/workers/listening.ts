/** The inherited socket, also for modules that call `listen` themselves, whatever address they name. */
import http from "node:http";
import net from "node:net";

/** Length of the accept queue; Node's own 511 would shrink it for all workers, as the last `listen` counts. */
const BACKLOG = 4096;

/**
 * Node's own `listen`. The backlog counts as an argument of its own only: with `fd`, Node ignores the option of that name;
 * its types don't know this form.
 */
const nodeListen = net.Server.prototype.listen as unknown as (
  this: net.Server,
  options: { fd: number },
  backlog: number,
  listening?: () => void,
) => net.Server;

export function listenOn(server: net.Server, fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    nodeListen.call(server, { fd }, BACKLOG, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** Node's own limit for the whole of a request, which a slow upload of 100 MB doesn't keep. */
const NODE_REQUEST_TIMEOUT_MS = 300_000;

/**
 * Behind a proxy, which is who is on a unix socket, it is the proxy that sees whether a client is stuck or only slow. An app's own
 * limit stays.
 */
export function leaveTimingToProxy(server: http.Server): void {
  // A unix socket that was inherited has no address, or one that is text.
  const address = net.Server.prototype.address.call(server);
  const onPort = typeof address === "object" && address !== null;
  if (!onPort && server.requestTimeout === NODE_REQUEST_TIMEOUT_MS) server.requestTimeout = 0;
}

/** Stands between the app and `listen`. The first http server that listens gets the inherited socket. */
export class Adoption {
  /** Fulfilled with the first http server that has begun to listen. */
  readonly first: Promise<http.Server>;
  readonly #taken: (server: http.Server) => void;
  #served: http.Server | undefined;

  /** @param taken called once with the server that is served, before it accepts anything */
  constructor(fd: number, taken: (server: http.Server) => void) {
    this.#taken = taken;
    const { promise, resolve } = Promise.withResolvers<http.Server>();
    this.first = promise;
    const adoption = this;
    const patched = net.Server.prototype as { listen: unknown };
    patched.listen = function listen(this: net.Server, ...args: unknown[]): net.Server {
      if (!(this instanceof http.Server)) {
        if (adoption.#served === undefined) warnOf(this);
      } else if (adoption.#served === undefined) {
        adoption.serve(this);
        this.once("listening", () => resolve(this));
        pretendAddress(this, args);
        return nodeListen.call(this, { fd }, BACKLOG, callbackOf(args));
      } else if (isSameApp(this, adoption.#served)) {
        return pretendToListen(this, args);
      }
      return (nodeListen as (...all: unknown[]) => net.Server).apply(this, args);
    };
  }

  /** The server of a module that listens itself, as soon as it has begun to. */
  get served(): http.Server | undefined {
    return this.#served;
  }

  /** This one is served; its own `listen`, and that of others with the same handler, has nothing left to do. */
  serve(server: http.Server): void {
    if (this.#served !== undefined) return;
    this.#served = server;
    this.#taken(server);
  }
}

/** One app may have several servers: one for each address of "localhost" (Fastify), or one made by its own `listen` (Express). */
function isSameApp(server: http.Server, served: http.Server): boolean {
  const known = served.listeners("request");
  return server === served || server.listeners("request").some((listener) => known.includes(listener));
}

/** Other servers (metrics, say) are the app's own business, but a worker without any http server waits for ever. */
function warnOf(server: net.Server): void {
  const kind = notServed(server);
  if (kind !== null) console.error(`The module starts a server for ${kind}, which is left alone: ${WHY_HTTP}`);
}

export const WHY_HTTP = "workers get plain HTTP/1.1 from the proxy in front, which does the rest. Use a server of node:http.";

/** For people: what kind of server this is, when it is one for the web that can't be served. */
export function notServed(server: unknown): string | null {
  if (!(server instanceof net.Server) || server instanceof http.Server) return null;
  if ("updateSettings" in server) return "HTTP/2";
  return "setSecureContext" in server ? "HTTPS" : null;
}

const callbackOf = (args: readonly unknown[]): (() => void) | undefined => args.find((arg) => typeof arg === "function") as () => void;

function pretendToListen(server: http.Server, args: readonly unknown[]): http.Server {
  const callback = callbackOf(args);
  if (callback !== undefined) server.once("listening", callback);
  pretendAddress(server, args);
  process.nextTick(() => server.emit("listening"));
  return server;
}

/** A unix socket that was inherited has no address for Node, but apps log `server.address().port`: they get what they asked for. */
function pretendAddress(server: http.Server, args: readonly unknown[]): void {
  const real = net.Server.prototype.address;
  server.address = () => real.call(server) ?? askedAddress(args);
}

/** Pure: what `address()` would say after `listen(...args)`. */
export function askedAddress(args: readonly unknown[]): net.AddressInfo | string {
  const [first, second] = args;
  if (typeof first === "string" && !/^\d+$/.test(first)) return first;
  const options = (typeof first === "object" && first !== null ? first : { port: first, host: second }) as Record<string, unknown>;
  if (typeof options.path === "string") return options.path;
  const host = typeof options.host === "string" ? options.host : "127.0.0.1";
  const address = net.isIP(host) === 0 ? "127.0.0.1" : host;
  return { address, family: net.isIPv6(address) ? "IPv6" : "IPv4", port: Number(options.port) || 0 };
}
