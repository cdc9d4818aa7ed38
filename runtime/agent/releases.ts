/** Puts a release in its folder: unpacked, compiled, then renamed into place; it is whole or not there. */
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as z from "../zod.ts";
import type { Manifest } from "../manifest.ts";
import { unpackArchive } from "./archive.ts";
import type { Agent } from "./context.ts";
import { diskFull, isDiskFull } from "./disk.ts";
import { pythonVersion } from "./facts.ts";
import { AgentFailure } from "./failure.ts";
import { readIfThere, temporaryBeside } from "./files.ts";
import { changedFiles, writeListing } from "./listing.ts";
import { noteMended } from "./mend.ts";
import { parseTarget, refuse, targetProblems } from "./preflight.ts";

/** What the agent reads of a `release.json`. */
const releaseFileSchema = z.object({
  id: z.string(),
  kind: z.enum(["asgi", "node", "wsgi", "command"]),
  /** "x64", or "x64-py3.13". */
  target: z.string(),
});

/** Whole, as it was unpacked: one that somebody edited counts as missing, so that it is sent again. */
export async function releaseIsThere(agent: Agent, manifest: Manifest): Promise<boolean> {
  const folder = agent.paths.release(manifest.app.name, manifest.app.release.id);
  return (await isFolder(folder)) && (await changedFiles(folder)).length === 0;
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );

/** @throws AgentFailure; the partial folder is removed. */
export async function installRelease(agent: Agent, manifest: Manifest, archive: string): Promise<void> {
  const { name, release } = manifest.app;
  const target = agent.paths.release(name, release.id);
  const temporary = temporaryBeside(target);
  await mkdir(dirname(target), { recursive: true, mode: 0o755 });
  await mkdir(temporary, { mode: 0o755 });
  try {
    await unpackArchive(archive, release.archive, temporary);
    await checkRelease(agent, manifest, temporary);
    await compile(agent, temporary, target);
    await writeListing(temporary);
    // Or a power cut could leave empty files under a name that says they are whole.
    await agent.run("sync", ["-f", temporary]);
    if (await isFolder(target)) await replace(agent, manifest, temporary, target);
    else await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw isDiskFull(error) ? diskFull(dirname(target), "the disk was full while unpacking") : error;
  }
}

/** Workers that are just loading something find the old files or the new ones, but for the moment between two renames. */
async function replace(agent: Agent, manifest: Manifest, whole: string, target: string): Promise<void> {
  const away = temporaryBeside(target);
  await rename(target, away);
  await rename(whole, target);
  await noteMended(agent, manifest.app.name, manifest.app.release.id);
  await rm(away, { recursive: true, force: true });
}

async function checkRelease(agent: Agent, manifest: Manifest, folder: string): Promise<void> {
  const { kind } = manifest.app.processes[0].command;
  const parsed = releaseFileSchema.safeParse(parseJson((await readIfThere(join(folder, "release.json"))) ?? ""));
  const next = "Build the release again with the Fleetwright that wrote the manifest.";
  if (!parsed.success) throw new AgentFailure("release", "the archive's release.json is missing or not understood", { next });
  const { id, kind: builtKind, target } = parsed.data;
  if (id !== manifest.app.release.id)
    throw new AgentFailure("release", `the archive holds release ${id}, the manifest wants ${manifest.app.release.id}`, { next });
  if (builtKind !== kind)
    throw new AgentFailure("release", `the release is of kind "${builtKind}", the manifest's command of kind "${kind}"`, { next });
  const built = parseTarget(target);
  refuse(targetProblems(built, { arch: process.arch, python: built.python === undefined ? undefined : await pythonVersion(agent) }));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Bytecode once for all workers, which can't write it themselves. `unchecked-hash`: never compared with its source,
 * as neither changes. Its failures are not ours to judge: packages carry templates and old syntax that nobody imports.
 */
async function compile(agent: Agent, folder: string, target: string): Promise<void> {
  const parts = (await readdir(folder)).filter((name) => name === "app" || name === "python").map((name) => join(folder, name));
  const about = parseJson((await readIfThere(join(folder, "release.json"))) ?? "") as { target: string };
  if (parseTarget(about.target).python === undefined) return;
  const { code, stdout, stderr } = await agent.run("python3", [
    "-m",
    "compileall",
    "-q",
    "-j",
    "0",
    "--invalidation-mode",
    "unchecked-hash",
    "-s",
    folder,
    "-p",
    target,
    ...parts,
  ]);
  if (code !== 0 && /No space left/.test(stdout + stderr))
    throw diskFull(dirname(target), "the disk was full while compiling Python's bytecode");
}
