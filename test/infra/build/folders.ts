/** Folders for the build's tests, removed with the test; and a cache of the test file's own. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

interface Cleanup {
  after(fn: () => void): void;
}

export function emptyFolder(t: Cleanup): string {
  const folder = mkdtempSync(join(tmpdir(), "fleetwright-build-test-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** `{ "a/b.txt": "text", "run.sh": { text: "…", executable: true }, "link": { to: "a" } }`, made in this order. */
export type Files = Record<string, string | { text: string; executable: boolean } | { to: string }>;

export function fill(folder: string, files: Files): string {
  for (const [path, content] of Object.entries(files)) {
    const full = join(folder, path);
    mkdirSync(dirname(full), { recursive: true });
    if (typeof content === "string") writeFileSync(full, content);
    else if ("to" in content) symlinkSync(content.to, full);
    else {
      writeFileSync(full, content.text);
      if (content.executable) chmodSync(full, 0o700);
    }
  }
  return folder;
}

export function makeFolder(t: Cleanup, files: Files): string {
  return fill(emptyFolder(t), files);
}

/** Caches of the test's own; the operator's is not touched. */
export function ownCache(t: Cleanup): string {
  const folder = emptyFolder(t);
  process.env.FLEETWRIGHT_CACHE = folder;
  return folder;
}
