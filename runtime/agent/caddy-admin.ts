/** Asks Caddy, by its admin socket, what it runs with. */
import { request } from "node:http";
import { canonicalJson } from "../manifest.ts";
import type { Paths } from "./paths.ts";

export type CaddyRuns = "its file" | "something else" | undefined;

const CADDY_TIMEOUT_MS = 2_000;

/** Asks Caddy's admin socket for its configuration. Undefined when it doesn't answer. */
export function caddyRunsWith(paths: Pick<Paths, "caddyAdminSocket">, wanted: string): Promise<CaddyRuns> {
  return new Promise((resolve) => {
    const asked = request({ socketPath: paths.caddyAdminSocket, path: "/config/", agent: false }, async (response) => {
      const parts = await response
        .setEncoding("utf8")
        .toArray()
        .catch(() => []);
      resolve(response.statusCode === 200 ? sameJson(parts.join(""), wanted) : undefined);
    });
    const timer = setTimeout(() => asked.destroy(), CADDY_TIMEOUT_MS);
    asked.on("error", () => resolve(undefined)).on("close", () => clearTimeout(timer));
    asked.end();
  });
}

function sameJson(now: string, wanted: string): CaddyRuns {
  try {
    return canonicalJson(JSON.parse(now)) === canonicalJson(JSON.parse(wanted)) ? "its file" : "something else";
  } catch {
    return "something else";
  }
}
