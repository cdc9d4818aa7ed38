/**
 * The tools that Fleetwright needs beside Node: Pulumi's CLI and plugins, and Caddy. What is missing is fetched, or made
 * from what can be reached, and kept in the cache.
 */
import { delimiter, dirname } from "node:path";
import type { Say } from "./executables.ts";
import { commandPlugin, languageHost } from "./plugins.ts";
import { pulumiCli } from "./pulumi-cli.ts";

export { caddyBinary } from "./caddy.ts";
export type { Say } from "./executables.ts";
export { commandPlugin, languageHost, type Plugin } from "./plugins.ts";
export { type PulumiCli, pulumiCli } from "./pulumi-cli.ts";

export interface PulumiEnvironment {
  /** The CLI's path. */
  pulumi: string;
  /** The CLI's version. */
  version: string;
  /** What to add to the environment of the CLI or the Automation API: PATH with all plugins found, no questions asked. */
  env: Record<string, string>;
}

/**
 * Everything `pulumi up` and the Automation API need; under a third of a second when nothing is missing.
 * @throws FleetError when there is no way to get the CLI.
 */
export async function pulumiEnvironment({ say }: { say: Say }): Promise<PulumiEnvironment> {
  const { path: pulumi, version } = await pulumiCli({ say });
  const plugins = [await commandPlugin({ say, pulumi }), await languageHost({ say, pulumi })];
  const before = (process.env["PATH"] ?? "").split(delimiter);
  const folders = [...plugins.map((plugin) => plugin.folder), dirname(pulumi), ...before];
  return {
    pulumi,
    version,
    env: {
      PATH: [...new Set(folders.filter((folder) => folder !== undefined))].join(delimiter),
      PULUMI_SKIP_UPDATE_CHECK: "true",
    },
  };
}
