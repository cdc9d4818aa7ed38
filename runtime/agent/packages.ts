/**
 * A release's packages: unpacked and compiled once for all releases with the same ones, then hard-linked into each. Not as a link to
 * a folder: some tools refuse packages outside of the app's own. So a release is whole without this folder, which only later ones need.
 */
import { copyFileSync, linkSync, mkdirSync, readdirSync, readlinkSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import * as z from "../zod.ts";
import type { Manifest } from "../manifest.ts";
import { unpackArchive } from "./archive.ts";
import { buildAgain, readAbout, requireTarget } from "./archive-about.ts";
import { compilePython } from "./bytecode.ts";
import type { Agent } from "./context.ts";
import { AgentFailure } from "./failure.ts";
import { folderIsWhole, installFolder } from "./install-folder.ts";
import { LISTING } from "./listing.ts";
import type { ReleaseTarget } from "./preflight.ts";

/** Says what the folder is; not linked into releases. */
const ABOUT = "packages.json";

const aboutSchema = z.object({ id: z.string(), target: z.string() });

/** True as well where the app has none. */
export async function packagesAreThere({ paths }: Pick<Agent, "paths">, { app }: Manifest): Promise<boolean> {
  const { packages } = app.release;
  return packages === undefined || (await folderIsWhole(paths.packages(app.name, packages.id)));
}

/** @throws AgentFailure; the partial folder is removed */
export async function installPackages(agent: Agent, { app }: Manifest, archive: string): Promise<void> {
  const { packages } = app.release;
  if (packages === undefined) return;
  const target = agent.paths.packages(app.name, packages.id);
  await installFolder(agent, target, async (folder) => {
    await unpackArchive(archive, packages.archive, folder);
    const built = await checkPackages(agent, packages.id, folder);
    if (built.python !== undefined) await compilePython(agent, folder, "python", target);
  });
}

async function checkPackages(agent: Agent, id: string, folder: string): Promise<ReleaseTarget> {
  const about = await readAbout(folder, ABOUT, aboutSchema);
  if (about.id === id) return requireTarget(agent, about.target);
  throw new AgentFailure("release", `the archive holds packages ${about.id}, the manifest wants ${id}`, { next: buildAgain });
}

/** Links the packages' files into a release's folder. @throws AgentFailure when the release has a file of the same name */
export function linkPackages({ paths }: Pick<Agent, "paths">, { app }: Manifest, into: string): void {
  const { packages } = app.release;
  if (packages === undefined) return;
  const from = paths.packages(app.name, packages.id);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (entry.isDirectory()) linkTree(join(from, entry.name), join(into, entry.name));
    else if (entry.name !== ABOUT && entry.name !== LISTING)
      linkOne(join(from, entry.name), join(into, entry.name), entry.isSymbolicLink());
  }
}

function linkTree(from: string, to: string): void {
  mkdirSync(to, { recursive: true, mode: 0o755 });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) linkTree(source, target);
    else linkOne(source, target, entry.isSymbolicLink());
  }
}

function linkOne(source: string, target: string, symbolic: boolean): void {
  try {
    if (symbolic) symlinkSync(readlinkSync(source), target);
    else linkSync(source, target);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Releases on a file system of their own, or a file with as many links as it may have.
    if (code === "EXDEV" || code === "EMLINK") return copyFileSync(source, target);
    if (code !== "EEXIST") throw error;
    throw new AgentFailure("release", `the release and its packages both have ${target}`, { next: "Rename the app's own file." });
  }
}
