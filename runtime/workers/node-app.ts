/** Makes one http server of whatever an app's module exports or does. */
import http from "node:http";
import { type Adoption, notServed, WHY_HTTP } from "./listening.ts";

/** A module without any export that has not listened after this long is told what it is waited for. */
const WAITING_MS = 2_000;

export interface AppServer {
  readonly server: http.Server;
  /** The app's own clean-up, when it has one. */
  readonly close: () => Promise<unknown>;
}

/** A handler that http.createServer takes; Express apps are such functions, too. */
type Handler = (request: http.IncomingMessage, response: http.ServerResponse) => void;

interface FastifyLike {
  readonly server: http.Server;
  ready(): Promise<unknown>;
  close(): Promise<unknown>;
}

/** As of Koa. */
interface WithCallback {
  callback(): Handler;
}

/**
 * What the module exports by default, unless it has called `listen` itself by then: that server is the app as it is meant.
 *
 * @throws Error that says what the module should have exported
 */
export async function serverOf(name: string, module: unknown, adoption: Adoption): Promise<AppServer> {
  const exported = defaultExport(module);
  const server = adoption.served ?? (await exportedServer(name, exported)) ?? (await listening(name, adoption));
  adoption.serve(server);
  return { server, close: async () => isFastify(exported) && exported.close() };
}

/** Undefined when there is nothing that looks like an export. */
async function exportedServer(name: string, exported: unknown): Promise<http.Server | undefined> {
  if (exported instanceof http.Server) return exported;
  if (isFastify(exported)) {
    await exported.ready();
    return exported.server;
  }
  if (typeof exported === "function") return http.createServer(exported as Handler);
  if (isKoa(exported)) return http.createServer(exported.callback());
  if (exported === undefined) return undefined;
  throw new Error(wrongExport(name, exported));
}

async function listening(name: string, adoption: Adoption): Promise<http.Server> {
  const waiting = setTimeout(() => console.error(`${name} has no default export; waiting for it to call listen()`), WAITING_MS);
  const server = await adoption.first;
  clearTimeout(waiting);
  return server;
}

/** CommonJS compiled from TypeScript has its default export one level further down; one that exports nothing, an empty object. */
function defaultExport(module: unknown): unknown {
  const first = (module as { default?: unknown }).default;
  if (!isRecord(first)) return first;
  if (first.__esModule === true) return first.default;
  return Object.getPrototypeOf(first) === Object.prototype && Object.keys(first).length === 0 ? undefined : first;
}

function wrongExport(name: string, exported: unknown): string {
  const kind = notServed(exported);
  if (kind !== null) return `${name}: its default export is a server for ${kind}, but ${WHY_HTTP}`;
  return (
    `${name}: its default export is ${exported === null ? "null" : `of type ${typeof exported}`}. It should be a handler ` +
    "(request, response) => …, an Express, Fastify or Koa app, or an http.Server; or there should be none, and the module " +
    "calls listen() itself."
  );
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

const isFastify = (value: unknown): value is FastifyLike =>
  isRecord(value) && value.server instanceof http.Server && typeof value.ready === "function";

const isKoa = (value: unknown): value is WithCallback => isRecord(value) && typeof value.callback === "function";
