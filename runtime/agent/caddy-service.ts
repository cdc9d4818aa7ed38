/** Makes Caddy run what a manifest says: untouched, reloaded or restarted, whichever is the least. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { copyFile, link, mkdir, rename, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Manifest } from "../manifest.ts";
import { renderCaddyConfig } from "./caddy.ts";
import { caddyRunsWith } from "./caddy-admin.ts";
import type { Agent } from "./context.ts";
import { AgentFailure } from "./failure.ts";
import { namesIn, readIfThere, temporaryBeside, writeIfChanged } from "./files.ts";
import { renderCaddyUnit } from "./machine-units.ts";
import { unitNames } from "./paths.ts";
import { systemctl, unitState } from "./systemd.ts";

export type CaddyChange = "none" | "reload" | "restart" | "start";

/** The least that makes the change effective; pure. */
export function caddyChange({
  running,
  unitChanged,
  configChanged,
}: {
  running: boolean;
  unitChanged: boolean;
  configChanged: boolean;
}): CaddyChange {
  if (!running) return "start";
  if (unitChanged) return "restart";
  return configChanged ? "reload" : "none";
}

/**
 * Idempotent. When Caddy refuses the new configuration, the file is put back and Caddy goes on with the old one.
 * @throws AgentFailure with Caddy's last lines
 */
export async function applyCaddy(agent: Agent, manifest: Manifest): Promise<CaddyChange> {
  const { paths } = agent;
  const before = await readIfThere(paths.caddyConfig);
  const unitChanged = await writeIfChanged(paths.unit(unitNames.caddy), renderCaddyUnit(await installBinary(agent, manifest)), {
    mode: 0o644,
  });
  const configChanged = await writeIfChanged(paths.caddyConfig, renderCaddyConfig(manifest), { mode: 0o644 });
  if (unitChanged) await systemctl(agent, "daemon-reload");
  const running = (await unitState(agent, unitNames.caddy)).active === "active";
  // The file may be right and Caddy run with another one all the same: somebody told it so by its admin socket.
  const strays = running && !configChanged && (await caddyRunsWith(paths, renderCaddyConfig(manifest))) === "something else";
  const change = caddyChange({ running, unitChanged, configChanged: configChanged || strays });
  if (change === "none") return change;
  try {
    await systemctl(agent, change, unitNames.caddy);
  } catch {
    if (before !== undefined) await writeIfChanged(paths.caddyConfig, before, { mode: 0o644 });
    throw await refused(agent, change);
  }
  return change;
}

async function refused({ run }: Agent, change: CaddyChange): Promise<AgentFailure> {
  const { stdout } = await run("journalctl", ["-u", unitNames.caddy, "-n", "15", "-o", "cat", "--no-pager"]);
  return new AgentFailure("caddy", `Caddy did not ${change}`, {
    next: "Its last lines say why. Mend that, then run the same again.",
    log: stdout.split("\n").filter((line) => line !== ""),
  });
}

/** Keeps the bundle's Caddy under its own hash; a link where the file system can, as it has 58 MB. */
async function installBinary({ paths }: Agent, manifest: Manifest): Promise<string> {
  const source = join(paths.runtime(manifest.runtime), "bin/caddy");
  const linked = await sameFile(source, paths.caddyBinaries);
  if (linked !== undefined) return linked;
  const hash = createHash("sha256");
  await pipeline(createReadStream(source), hash);
  const target = paths.caddyBinary(hash.digest("hex"));
  if ((await stat(target).catch(() => undefined)) !== undefined) return target;
  await mkdir(dirname(target), { recursive: true, mode: 0o755 });
  const temporary = temporaryBeside(target);
  await link(source, temporary).catch(() => copyFile(source, temporary));
  await rename(temporary, target);
  return target;
}

/** The binary that is a link to this one, so that it need not be read to know it. */
async function sameFile(source: string, folder: string): Promise<string | undefined> {
  const wanted = await stat(source);
  for (const name of await namesIn(folder)) {
    const path = join(folder, name, "caddy");
    const found = await stat(path).catch(() => undefined);
    if (found?.ino === wanted.ino && found.dev === wanted.dev) return path;
  }
  return undefined;
}
