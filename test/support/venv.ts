/** A Python with FastAPI and uvicorn for tests that run ASGI workers on this computer; made once, kept in the cache. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { cachePath, makeOnce } from "../../infra/cache.ts";

const run = promisify(execFile);

/** Pinned, so that a test fails because of us. uvloop comes with it, as a release may or may not carry it. */
const REQUIREMENTS = ["fastapi==0.165.0", "uvicorn==0.54.0", "uvloop==0.23.0"];

export interface PythonForTests {
  /** For `--python`. */
  readonly python: string;
  /** A folder of packages for it, for PYTHONPATH. */
  readonly packages: string;
}

/**
 * Packages in a folder of their own, not a venv: that has its own path all over it, and could not be renamed into place.
 *
 * @param extra more requirements, for a folder of its own
 */
export async function pythonForTests(extra: readonly string[] = []): Promise<PythonForTests> {
  const python = "python3";
  const { stdout } = await run(python, ["-c", "import sys; print(sys.implementation.cache_tag, sys.prefix)"]);
  const requirements = [...REQUIREMENTS, ...extra];
  const hash = createHash("sha256")
    .update(JSON.stringify([stdout, requirements]))
    .digest("hex")
    .slice(0, 16);
  const packages = await makeOnce(cachePath(`test-python-${hash}`), async (temporary) => {
    await run(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", temporary, ...requirements]);
  });
  return { python, packages };
}
