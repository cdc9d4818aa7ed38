/** A Python with FastAPI and uvicorn for tests that run ASGI workers on this computer; made once, kept in the cache. */
import { pythonPackages } from "./python-packages.ts";

/** Pinned, so that a test fails because of us. uvloop comes with it, as a release may or may not carry it. */
const REQUIREMENTS = ["fastapi==0.165.0", "uvicorn==0.54.0", "uvloop==0.23.0"];

export interface PythonForTests {
  /** For `--python`. */
  readonly python: string;
  /** A folder of packages for it, for PYTHONPATH. */
  readonly packages: string;
}

/** @param extra more requirements, for a folder of its own */
export async function pythonForTests(extra: readonly string[] = []): Promise<PythonForTests> {
  const python = "python3";
  return { python, packages: await pythonPackages(python, "python", [...REQUIREMENTS, ...extra]) };
}
