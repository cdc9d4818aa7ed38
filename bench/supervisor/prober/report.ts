/** What goes between the prober's process and the bench. */
import type { Address } from "../http.ts";

/** Requests of one kind at a fixed rate. */
export interface StreamOptions {
  readonly name: string;
  readonly address: Address;
  readonly method: "GET" | "POST";
  readonly keepAlive: boolean;
  readonly path: string;
  readonly perSecond: number;
}

export interface ProbeOptions {
  readonly streams: readonly StreamOptions[];
  /** Of each stream; it ends by itself then. */
  readonly maxRequests: number;
  /** An answer that takes longer counts as lost. */
  readonly timeoutMs: number;
}

/** Times are CLOCK_MONOTONIC in milliseconds, the same in every process. */
export interface LostRequest {
  readonly sentMs: number;
  readonly lostMs: number;
  readonly why: string;
}

export interface StreamResult {
  readonly name: string;
  readonly sent: number;
  readonly lost: readonly LostRequest[];
  /** From when a request was due, not from when it could be sent. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly worstMs: number;
  /** Answers by the worker that gave them. */
  readonly byPid: Readonly<Record<string, number>>;
}

/** A line of the prober's output: the first answer of a worker, or at the end everything. */
export type ProbeLine =
  | { readonly kind: "first"; readonly pid: number; readonly atMs: number }
  | { readonly kind: "results"; readonly streams: readonly StreamResult[]; readonly cpuMs: number };

/** Describes the four kinds of connections and requests that a client may make. */
export function fourStreams(address: Address, perSecond: number, getPath = "/"): StreamOptions[] {
  const of = (keepAlive: boolean, method: "GET" | "POST"): StreamOptions => ({
    name: `${keepAlive ? "keep-alive" : "fresh"} ${method}`,
    address,
    method,
    keepAlive,
    path: method === "GET" ? getPath : "/echo",
    perSecond,
  });
  return [of(false, "GET"), of(false, "POST"), of(true, "GET"), of(true, "POST")];
}
