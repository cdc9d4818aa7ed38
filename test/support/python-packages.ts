/** Packages from PyPI for tests, in pinned versions: installed once, kept in the cache. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { cachePath, makeOnce } from "../../infra/cache.ts";

const run = promisify(execFile);

/**
 * A folder of their own, not a venv: that has its own path all over it, and could not be renamed into place.
 *
 * @param label names the folder in the cache, together with what is in it
 * @returns the folder, for PYTHONPATH
 */
export async function pythonPackages(python: string, label: string, requirements: readonly string[]): Promise<string> {
  const { stdout } = await run(python, ["-c", "import sys; print(sys.implementation.cache_tag, sys.prefix)"]);
  const hash = createHash("sha256")
    .update(JSON.stringify([stdout, requirements]))
    .digest("hex")
    .slice(0, 16);
  return makeOnce(cachePath(`test-${label}-${hash}`), async (temporary) => {
    await run(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", temporary, ...requirements]);
  });
}
