/** What a machine needs around an app's generations: the socket, its slots' folders, the lease watcher, the boot-time converge. */
import { mkdir } from "node:fs/promises";
import type { Agent } from "./context.ts";
import { AgentFailure } from "./failure.ts";
import { readIfThere, writeIfChanged } from "./files.ts";
import { renderConvergeUnit, renderLeaseUnit } from "./machine-units.ts";
import { unitNames } from "./paths.ts";
import { systemctl } from "./systemd.ts";
import { renderSlotFolders, renderSocket } from "./units.ts";

/**
 * Writes what is missing and lets systemd read it.
 * @param generation Who the socket shall wake until the confirm says otherwise.
 */
export async function ensureMachineFiles(agent: Agent, app: string, generation: string): Promise<void> {
  const { paths } = agent;
  const units = [
    [unitNames.converge, renderConvergeUnit()],
    [unitNames.lease(app), renderLeaseUnit(app)],
    [unitNames.socket(app), renderSocket(app, generation)],
  ] as const;
  // What isn't there when an app starts can't be hidden from it.
  await mkdir(paths.etc, { recursive: true, mode: 0o755 });
  await ensureSlotFolders(agent, app);
  await Promise.all(units.map(([name, text]) => writeIfChanged(paths.unit(name), text, { mode: 0o644 })));
  // The stage wrote the generation's unit without this, so as to touch nothing.
  await systemctl(agent, "daemon-reload");
  // Each time: an agent that was ended between writing and enabling must not leave them disabled for good.
  await systemctl(agent, "enable", "--no-reload", "--quiet", unitNames.converge, unitNames.lease(app));
}

/** Now, and at each boot. */
async function ensureSlotFolders({ paths, run }: Agent, app: string): Promise<void> {
  await writeIfChanged(paths.tmpfiles(app), renderSlotFolders(app), { mode: 0o644 });
  const { code, stderr } = await run("systemd-tmpfiles", ["--create", paths.tmpfiles(app)]);
  if (code === 0) return;
  throw new AgentFailure("slots", `the folders of ${app}'s slots can't be made: ${stderr.trim()}`, {
    next: `See tmpfiles.d(5) and ${paths.tmpfiles(app)}, then run the same again.`,
  });
}

/** Makes the socket wake another generation. @returns whether systemd has to read its units again. */
export async function pointSocket({ paths }: Pick<Agent, "paths">, app: string, generation: string): Promise<boolean> {
  const path = paths.unit(unitNames.socket(app));
  if ((await readIfThere(path)) === undefined) return false;
  return writeIfChanged(path, renderSocket(app, generation), { mode: 0o644 });
}
