/** What an archive says of itself, once unpacked: checked against the manifest and this machine. */
import { join } from "node:path";
import * as z from "../zod.ts";
import type { Agent } from "./context.ts";
import { pythonVersion } from "./facts.ts";
import { AgentFailure } from "./failure.ts";
import { readIfThere } from "./files.ts";
import { parseTarget, type ReleaseTarget, refuse, targetProblems } from "./preflight.ts";

/** What to do about an archive that isn't what the manifest says. */
export const buildAgain = "Build the release again with the Fleetwright that wrote the manifest.";

/** @throws AgentFailure when the file is missing or not understood */
export async function readAbout<T extends z.ZodMiniType>(folder: string, file: string, schema: T): Promise<z.output<T>> {
  const parsed = z.safeParse(schema, parseJson((await readIfThere(join(folder, file))) ?? ""));
  if (parsed.success) return parsed.data;
  throw new AgentFailure("release", `the archive's ${file} is missing or not understood`, { next: buildAgain });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @param target "x64", or "x64-py3.13". @throws AgentFailure when this machine is another one */
export async function requireTarget(agent: Agent, target: string): Promise<ReleaseTarget> {
  const built = parseTarget(target);
  refuse(targetProblems(built, { arch: process.arch, python: built.python === undefined ? undefined : await pythonVersion(agent) }));
  return built;
}
