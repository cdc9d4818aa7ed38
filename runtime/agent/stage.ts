/** `fleethost stage`: everything a switch will need is put on the machine; nothing live is touched. */
import { generationOf, type Manifest } from "../manifest.ts";
import type { ReleasePart } from "../report.ts";
import { restoreStorage } from "./acme-storage.ts";
import type { Agent } from "./context.ts";
import { keepKey, storeSecrets } from "./credstore.ts";
import { gatherFacts } from "./facts.ts";
import { asFailure } from "./failure.ts";
import { makeGeneration } from "./generations.ts";
import type { GivenSecrets } from "./given-secrets.ts";
import { type GivenArchives, putRelease } from "./parts.ts";
import { preflight, refuse } from "./preflight.ts";
import { storeTlsFiles } from "./tls-files.ts";
import { ensureUsers } from "./users.ts";

export interface StageResult extends Record<string, unknown> {
  generation: string;
  release: string;
  /** What is missing: it isn't here and no archive was given. Empty when all is staged. */
  needs: ReleasePart[];
}

/** @param secrets Values that this machine may lack. */
export async function stage(agent: Agent, manifest: Manifest, given: GivenArchives, secrets: GivenSecrets): Promise<StageResult> {
  try {
    return await prepare(agent, manifest, given, secrets);
  } catch (error) {
    const failure = asFailure(error, "stage");
    failure.kept ||= "everything that ran before; nothing was switched";
    throw failure;
  }
}

async function prepare(agent: Agent, manifest: Manifest, given: GivenArchives, secrets: GivenSecrets): Promise<StageResult> {
  const { report } = agent;
  const generation = generationOf(manifest);
  const release = manifest.app.release.id;
  refuse(preflight(await gatherFacts(agent, manifest), manifest));
  report.step("preflight", "this machine can take it");
  const needs = await putRelease(agent, manifest, given);
  if (needs.length > 0) return { generation, release, needs };
  await ensureUsers(agent, manifest.app.name);
  await storeSecrets(agent, manifest, secrets);
  await storeTls(agent, manifest, secrets);
  await makeGeneration(agent, manifest);
  report.step("generation", `${generation} is ready to be switched to`);
  return { generation, release, needs };
}

/** Nothing that Caddy reads now is changed: other versions have other files, and of its storage only what is missing is written. */
async function storeTls(agent: Agent, { https }: Manifest, { key, tls: given = {} }: GivenSecrets): Promise<void> {
  if (https.own !== undefined || https.acme?.eab !== undefined) await keepKey(agent, key);
  await storeTlsFiles(agent, https, given);
  const restored = await restoreStorage(agent, https, given);
  if (restored.length > 0) agent.report.step("certificate", `put back for ${restored.join(", ")}`);
}
