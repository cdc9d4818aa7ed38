/** Closed-loop load by wrk, for a moment. */
import { join } from "node:path";
import type { Lab } from "../lab.ts";
import type { Tools } from "../setup.ts";

export interface WrkOptions {
  readonly address: { readonly host: string; readonly port: number };
  readonly method: "GET" | "POST";
  readonly keepAlive: boolean;
  readonly connections: number;
  readonly durationS: number;
  /** Counts answers by worker; costs wrk CPU time, and so requests. */
  readonly countPids?: boolean;
}

export interface WrkResult {
  readonly requestsPerS: number;
  readonly requests: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Socket errors and answers that are not 2xx or 3xx. */
  readonly errors: number;
  readonly byPid: Readonly<Record<string, number>>;
}

export async function wrk(options: WrkOptions, tools: Tools, lab: Lab): Promise<WrkResult> {
  const child = lab.spawn(tools.wrk, commandLine(options));
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
  const code = await new Promise((resolve) => child.once("close", resolve));
  if (code !== 0) throw new Error(`wrk ended with ${code}:\n${output}`);
  return parse(output);
}

function commandLine({ address, method, keepAlive, connections, durationS, countPids }: WrkOptions): string[] {
  const script = (name: string): string[] => ["-s", join(import.meta.dirname, name)];
  const path = method === "GET" ? "/" : "/echo";
  const url = `http://${address.host}:${address.port}${path}`;
  return [
    ...["-t1", `-c${connections}`, `-d${durationS}s`, "--latency", "--timeout", "10s"],
    ...(keepAlive ? [] : ["-H", "Connection: close"]),
    ...(countPids === true ? script("pids.lua") : method === "POST" ? script("post.lua") : []),
    ...[url, ...(countPids === true ? ["--", method] : [])],
  ];
}

const UNITS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000 };

/** Of wrk's report for people; it has no other. */
export function parse(output: string): WrkResult {
  const number = (pattern: RegExp): number => Number(pattern.exec(output)?.[1] ?? Number.NaN);
  const time = (percent: string): number => {
    const [, value, unit] = new RegExp(`^\\s+${percent}%\\s+([\\d.]+)(us|ms|s|m)$`, "m").exec(output) ?? [];
    return Number(value) * (UNITS[unit ?? ""] ?? Number.NaN);
  };
  const socketErrors = /Socket errors: (.*)/.exec(output)?.[1]?.match(/\d+/g) ?? [];
  const bad = /Non-2xx or 3xx responses: (\d+)/.exec(output)?.[1] ?? 0;
  return {
    requestsPerS: number(/Requests\/sec:\s+([\d.]+)/),
    requests: number(/(\d+) requests in/),
    p50Ms: time("50"),
    p99Ms: time("99"),
    errors: socketErrors.reduce((sum, count) => sum + Number(count), Number(bad)),
    byPid: JSON.parse(/^PIDS (.*)$/m.exec(output)?.[1] ?? "{}") as Record<string, number>,
  };
}
