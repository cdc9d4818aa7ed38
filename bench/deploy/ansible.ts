/** The other side: ansible-core, pinned, in a virtual environment in the cache, and its playbook beside this file. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { promisify } from "node:util";
import { cachePath, makeOnce } from "../../infra/cache.ts";

const run = promisify(execFile);

/** The last line that runs on the Python of Debian 12. */
const REQUIREMENTS = ["ansible-core==2.19.14"];

/** Folder of `ansible-playbook`; installed once. Called as `python -m`, as scripts hold the path in which they were made. */
export async function ansibleFolder(say: (line: string) => void): Promise<string> {
  const { stdout } = await run("python3", ["-c", "import sys; print(sys.implementation.cache_tag, sys.prefix)"]);
  const hash = createHash("sha256")
    .update([stdout, ...REQUIREMENTS].join("\0"))
    .digest("hex")
    .slice(0, 16);
  return makeOnce(cachePath(`bench-ansible-${hash}`), async (temporary) => {
    say(`installing ${REQUIREMENTS.join(", ")}`);
    await run("python3", ["-m", "venv", temporary]);
    await run(join(temporary, "bin", "python"), ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...REQUIREMENTS]);
  });
}

export const PLAYBOOK = join(import.meta.dirname, "playbook");
