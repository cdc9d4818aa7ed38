/** Puts a release in its folder: its code unpacked and compiled, its packages linked in; it is whole or not there. */
import type { Manifest } from "../manifest.ts";
import * as z from "../zod.ts";
import { unpackArchive } from "./archive.ts";
import { buildAgain, readAbout, requireTarget } from "./archive-about.ts";
import { compilePython } from "./bytecode.ts";
import type { Agent } from "./context.ts";
import { AgentFailure } from "./failure.ts";
import { folderIsWhole, installFolder } from "./install-folder.ts";
import { noteMended } from "./mend.ts";
import { linkPackages } from "./packages.ts";
import type { ReleaseTarget } from "./preflight.ts";

/** What the agent reads of a `release.json`. */
const aboutSchema = z.object({
  id: z.string(),
  kind: z.enum(["asgi", "node", "wsgi", "command"]),
  /** "x64", or "x64-py3.13". */
  target: z.string(),
});

export async function releaseIsThere({ paths }: Pick<Agent, "paths">, { app }: Manifest): Promise<boolean> {
  return folderIsWhole(paths.release(app.name, app.release.id));
}

/**
 * Its packages have to be there.
 * @throws AgentFailure; the partial folder is removed
 */
export async function installRelease(agent: Agent, manifest: Manifest, archive: string): Promise<void> {
  const { name, release } = manifest.app;
  const target = agent.paths.release(name, release.id);
  const fill = async (folder: string): Promise<void> => {
    await unpackArchive(archive, release.archive, folder);
    const built = await checkRelease(agent, manifest, folder);
    // Before the packages are in it, which were compiled once for all releases; an archive may bring some of its own.
    for (const part of built.python === undefined ? [] : ["app", "python"]) await compilePython(agent, folder, part, target);
    linkPackages(agent, manifest, folder);
  };
  await installFolder(agent, target, fill, () => noteMended(agent, name, release.id));
}

async function checkRelease(agent: Agent, manifest: Manifest, folder: string): Promise<ReleaseTarget> {
  const { kind } = manifest.app.processes[0].command;
  const about = await readAbout(folder, "release.json", aboutSchema);
  const wrong = (what: string): AgentFailure => new AgentFailure("release", what, { next: buildAgain });
  if (about.id !== manifest.app.release.id)
    throw wrong(`the archive holds release ${about.id}, the manifest wants ${manifest.app.release.id}`);
  if (about.kind !== kind) throw wrong(`the release is of kind "${about.kind}", the manifest's command of kind "${kind}"`);
  return requireTarget(agent, about.target);
}
