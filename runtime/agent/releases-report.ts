/** `fleethost releases`: an app's history on this machine, and what it could be switched to. */
import { readlink, stat } from "node:fs/promises";
import { basename } from "node:path";
import type { Manifest } from "../manifest.ts";
import type { Releases } from "../report.ts";
import type { Agent } from "./context.ts";
import { generationManifest, storedGenerations } from "./generations.ts";
import { confirmedManifest } from "./go-back.ts";
import { changedFiles } from "./listing.ts";
import { readHistory, readState } from "./records.ts";

/** @param manifests whether the stored generations' manifests are wanted as well; they hold the app's environment */
export async function reportReleases(agent: Agent, app: string, manifests: boolean): Promise<Releases> {
  const [state, confirmed, history, stored] = await Promise.all([
    readState(agent, app),
    confirmedManifest(agent, app),
    readHistory(agent, app),
    storedGenerations(agent, app),
  ]);
  const found = await Promise.all(
    stored
      .toSorted((a, b) => a.madeAtMs - b.madeAtMs)
      .map(async ({ generation, madeAtMs }) => {
        // A generation that a later agent wrote, or a damaged one: nothing to go back to.
        const manifest = await generationManifest(agent, app, generation).catch(() => undefined);
        return manifest === undefined ? undefined : describe(agent, manifest, { generation, madeAtMs, manifests });
      }),
  );
  return {
    schema: 1,
    app,
    agentRuntime: basename(await readlink(agent.paths.current).catch(() => confirmed?.manifest.runtime ?? "")),
    live: confirmed === undefined ? null : liveOf(confirmed.generation, confirmed.manifest),
    previous: state?.generation === confirmed?.generation ? (state?.previous ?? null) : null,
    history,
    stored: found.filter((entry) => entry !== undefined),
  };
}

function liveOf(generation: string, { app, runtime, https, hardening, cloudwatch }: Manifest): Releases["live"] {
  return { generation, release: app.release.id, runtime, https, hardening, cloudwatch };
}

async function describe(
  { paths }: Agent,
  manifest: Manifest,
  { generation, madeAtMs, manifests }: { generation: string; madeAtMs: number; manifests: boolean },
): Promise<Releases["stored"][number]> {
  const { app, runtime } = manifest;
  const release = paths.release(app.name, app.release.id);
  const values = Object.entries(app.secrets ?? {}).map(([name, { version }]) => isThere(paths.credential(app.name, name, version)));
  const hasValues = (await Promise.all(values)).every((there) => there);
  const hasBundle = await isThere(paths.runtime(runtime));
  const complete = hasValues && hasBundle && (await isThere(release)) && (await changedFiles(release)).length === 0;
  return {
    generation,
    release: app.release.id,
    runtime,
    madeAt: new Date(madeAtMs).toISOString(),
    complete,
    ...(manifests ? { manifest } : {}),
  };
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
