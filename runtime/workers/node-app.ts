/** Makes one listening http server of whatever an app's module exports or does. */
import http from "node:http";
import net from "node:net";

/** Length of the accept queue; Node's own 511 would shrink it for all workers, as the last `listen` counts. */
const BACKLOG = 4096;

/**
 * Longer than a proxy in front keeps an idle connection (AWS's balancers: 60 s), so that it is the proxy that closes, and
 * never sends a request into a connection that is just being closed here.
 */
const KEEP_ALIVE_MS = 75_000;

export interface AppServer {
  readonly server: http.Server;
  /** The app's own clean-up, when it has one. */
  readonly close: () => Promise<unknown>;
}

/** Fulfilled with the server of a module that calls `listen` itself. */
export type Adopted = Promise<http.Server>;

/** A handler that http.createServer takes; Express apps are such functions, too. */
type Handler = (request: http.IncomingMessage, response: http.ServerResponse) => void;

interface FastifyLike {
  readonly server: http.Server;
  ready(): Promise<unknown>;
  close(): Promise<unknown>;
}

/**
 * Node's own `listen`. The backlog counts as an argument of its own only: with `fd`, Node ignores the option of that name;
 * its types don't know this form.
 */
const listenWithBacklog = net.Server.prototype.listen as unknown as (
  this: net.Server,
  options: { fd: number },
  backlog: number,
  listening?: () => void,
) => net.Server;

/** Lets the first http server that the module starts listen on the inherited socket, whatever address it names. */
export function adoptListening(fd: number): Adopted {
  const { promise, resolve } = Promise.withResolvers<http.Server>();
  const patched = http.Server.prototype as { listen?: unknown };
  patched.listen = function adopting(this: http.Server, ...args: unknown[]) {
    // Only the first: what else the app listens on (metrics, say) is its own business.
    delete patched.listen;
    const callback = args.find((arg) => typeof arg === "function") as (() => void) | undefined;
    this.once("listening", () => resolve(this));
    return listenWithBacklog.call(this, { fd }, BACKLOG, callback);
  };
  return promise;
}

/** @throws Error that says what the module should have exported */
export async function serverOf(name: string, module: unknown, adopted: Adopted): Promise<AppServer> {
  const app = await findApp(name, module, adopted);
  app.server.keepAliveTimeout = KEEP_ALIVE_MS;
  return app;
}

async function findApp(name: string, module: unknown, adopted: Adopted): Promise<AppServer> {
  const exported = defaultExport(module);
  const nothingToClose = async (): Promise<void> => {};
  if (exported instanceof http.Server) return { server: exported, close: nothingToClose };
  if (isFastify(exported)) {
    await exported.ready();
    return { server: exported.server, close: () => exported.close() };
  }
  if (typeof exported === "function") return { server: http.createServer(exported as Handler), close: nothingToClose };
  if (exported !== undefined) throw new Error(wrongExport(name, exported));
  const waiting = setTimeout(() => console.error(`${name} has no default export; waiting for it to call listen()`), 2_000);
  const server = await adopted;
  clearTimeout(waiting);
  return { server, close: nothingToClose };
}

/** CommonJS compiled from TypeScript has its default export one level further down. */
function defaultExport(module: unknown): unknown {
  const first = (module as { default?: unknown }).default;
  return isRecord(first) && first.__esModule === true ? first.default : first;
}

const wrongExport = (name: string, exported: unknown): string =>
  `${name}: its default export is ${exported === null ? "null" : `of type ${typeof exported}`}. It should be a handler ` +
  "(request, response) => …, an Express or Fastify app, or an http.Server; or there should be none, and the module calls listen() itself.";

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

const isFastify = (value: unknown): value is FastifyLike =>
  isRecord(value) && value.server instanceof http.Server && typeof value.ready === "function";

export function listenOn(server: net.Server, fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    listenWithBacklog.call(server, { fd }, BACKLOG, () => {
      server.off("error", reject);
      resolve();
    });
  });
}
