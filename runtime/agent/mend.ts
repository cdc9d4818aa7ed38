/** What a switch to the generation that runs already puts right, beyond the files. */
import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { generationOf, type Manifest } from "../manifest.ts";
import type { Agent } from "./context.ts";
import { staleCredentials } from "./credential-drift.ts";
import { writeAtomic } from "./files.ts";
import { unitNames } from "./paths.ts";
import { observe, systemctl, unitState } from "./systemd.ts";

/**
 * Starts the app's socket. systemd refuses to while a service of it runs; who was listening there is reachable by
 * nobody any more, so it is stopped.
 * @returns the generations that were stopped for it
 */
export async function startSocket(agent: Agent, app: string): Promise<string[]> {
  const socket = unitNames.socket(app);
  if ((await unitState(agent, socket)).active === "active") return [];
  const { active } = await observe(agent, app);
  for (const generation of active) {
    agent.report.step("socket", `${socket} doesn't run: generation ${generation} is started anew with it`);
    await systemctl(agent, "stop", unitNames.generation(app, generation));
  }
  await systemctl(agent, "start", socket);
  return active;
}

const marker = ({ paths }: Pick<Agent, "paths">, app: string): string => join(paths.run, app, "mended");

/** Notes that a release's files were put back under the feet of its workers. */
export async function noteMended(agent: Pick<Agent, "paths">, app: string, release: string): Promise<void> {
  await writeAtomic(marker(agent, app), `${release}\n`, { mode: 0o600 });
}

/**
 * Workers may have loaded what somebody changed: they are replaced, one by one, by a reload. A value that was changed back needs
 * another start of the unit, as systemd reads them then only; requests wait in the socket meanwhile.
 */
export async function reloadIfMended(agent: Agent, manifest: Manifest): Promise<void> {
  const app = manifest.app.name;
  const stale = await staleCredentials(agent, manifest);
  if (stale.length > 0) {
    agent.report.step("restart", `its value of ${stale.join(", ")} was put back: it starts again with it`);
    await systemctl(agent, "restart", unitNames.generation(app, generationOf(manifest)));
    return void (await rm(marker(agent, app), { force: true }));
  }
  const note = marker(agent, app);
  if ((await stat(note).catch(() => undefined)) === undefined) return;
  agent.report.step("reload", "the release's files were put back: its workers are replaced one by one");
  await systemctl(agent, "reload", unitNames.generation(app, generationOf(manifest)));
  await rm(note, { force: true });
}
