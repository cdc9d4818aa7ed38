/** The plugins that Pulumi's engine needs: the official ones where they can be had, else the stand-ins. */
import { existsSync, mkdirSync, realpathSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { cachePath } from "../cache.ts";
import { execute, isExecutable, onPath, type Say } from "./executables.ts";
import { isStandIn, type StandIn, standInFolder } from "./launcher.ts";

export const commandVersion = "1.2.1";

/** How long a failed plugin download is remembered, so that later runs don't wait for it again. */
const failureRememberedMs = 24 * 60 * 60_000;
/** The engine's own attempts end after 3 s where a name can't be resolved. */
const downloadTimeoutMs = 120_000;

export interface Plugin {
  /** To be put on PATH; undefined when the engine finds the plugin by itself. */
  folder: string | undefined;
  standIn: boolean;
}

/** The `command` plugin. @param pulumi path of the CLI, which does the downloading. */
export async function commandPlugin({ say, pulumi }: { say: Say; pulumi: string }): Promise<Plugin> {
  if (onPathOfficially("pulumi-resource-command") || isExecutable(installedCommand())) return official;
  if (!failedLately() && (await downloadCommand(pulumi, say))) return official;
  say(`The command plugin ${commandVersion} can't be downloaded: Fleetwright's stand-in is used`);
  return standIn("pulumi-resource-command");
}

/** The Node.js language host, which `pulumi up` needs and the Automation API does not. */
export async function languageHost({ say, pulumi }: { say: Say; pulumi: string }): Promise<Plugin> {
  const name = "pulumi-language-nodejs";
  if (onPathOfficially(name)) return official;
  const beside = [dirname(pulumi), dirname(realpathSync(pulumi))].find((folder) => isExecutable(join(folder, name)));
  if (beside !== undefined) return { folder: beside, standIn: false };
  say("Pulumi's Node.js language host is not installed: Fleetwright's stand-in is used");
  return standIn(name);
}

const official: Plugin = { folder: undefined, standIn: false };

const standIn = async (name: StandIn): Promise<Plugin> => ({ folder: await standInFolder(name), standIn: true });

// In a program that was itself started with the stand-ins on PATH, they are no official plugins.
function onPathOfficially(name: StandIn): boolean {
  const path = onPath(name);
  return path !== undefined && !isStandIn(path);
}

const installedCommand = (): string =>
  join(
    process.env["PULUMI_HOME"] ?? join(homedir(), ".pulumi"),
    "plugins",
    `resource-command-v${commandVersion}`,
    "pulumi-resource-command",
  );

const failureMark = (): string => cachePath("tools", `no-download-of-command-${commandVersion}`);

const failedLately = (): boolean => existsSync(failureMark()) && Date.now() - statSync(failureMark()).mtimeMs < failureRememberedMs;

async function downloadCommand(pulumi: string, say: Say): Promise<boolean> {
  say(`Downloading the command plugin ${commandVersion}…`);
  const args = ["plugin", "install", "resource", "command", commandVersion];
  const env = { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" };
  const { ok } = await execute(pulumi, args, { env, timeoutMs: downloadTimeoutMs });
  if (!ok) rememberNoDownload();
  return ok;
}

/** For a day, the download of the command plugin isn't tried. */
export function rememberNoDownload(): void {
  mkdirSync(dirname(failureMark()), { recursive: true });
  writeFileSync(failureMark(), "");
}
