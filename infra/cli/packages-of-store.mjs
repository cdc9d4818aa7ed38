// Before there are any packages: takes them from a recovery store. Plain JavaScript that needs Node 20 and tar: nothing else is there yet.
// The layout is that of infra/recovery/store/layout.ts: sets/<project>/<stack>/<id>.json, objects/<2 digits>/<sha256>.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";

/**
 * Fills node_modules from a store in a folder.
 * @param {{ root: string, from: string, lock: string, mark: string }} where root: the clone; from: the store; lock: sha256 of its lock file
 * @returns {Promise<string | undefined>} what is in the way, or undefined when it is done
 */
export async function takePackages({ root, from, lock, mark }) {
  const folder = folderOf(from);
  if (folder === undefined) {
    return (
      `${from} is no folder, and there are no packages yet to read it with.\n` +
      "Where no registry can be reached, copy it to a folder first (aws s3 sync, rsync)."
    );
  }
  const found = toolsIn(folder).find(({ name, version, platform }) => name === "packages" && version === lock && platform === here);
  if (found?.archive === undefined) {
    return (
      `The store ${folder} has no packages for this clone's package-lock.json (${lock.slice(0, 12)}) on ${here}.\n` +
      "Where no registry can be reached, check out the version that was brought up last."
    );
  }
  const { sha256 } = found.archive;
  const archive = join(folder, "objects", sha256.slice(0, 2), sha256);
  process.stderr.write("Taking the npm packages from the store …\n");
  if (!existsSync(archive) || (await hashOf(archive)) !== sha256) {
    return (
      `The store's packages (${archive}) are missing or spoiled.\n` +
      "Where no registry can be reached, take another copy of the store."
    );
  }
  return unpack(archive, join(root, "node_modules"), mark, lock);
}

const here = `${process.platform}-${process.arch}`;

function folderOf(from) {
  if (from.startsWith("file://")) return fileURLToPath(from);
  if (/^[a-z0-9]+:\/\//.test(from)) return undefined;
  return from.startsWith("~/") ? join(homedir(), from.slice(2)) : resolve(process.env.INIT_CWD ?? ".", from);
}

/** Of all sets that are whole, newest first: packages belong to a lock file, not to a stack. */
function toolsIn(folder) {
  const sets = join(folder, "sets");
  if (!existsSync(sets)) return [];
  const entries = readdirSync(sets, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith(".json"));
  return files
    .sort((a, b) => (a.name < b.name ? 1 : -1))
    .flatMap((entry) => {
      const bytes = readFileSync(join(entry.parentPath ?? entry.path, entry.name));
      const whole = entry.name.endsWith(`-${createHash("sha256").update(bytes).digest("hex").slice(0, 16)}.json`);
      return whole ? JSON.parse(bytes.toString("utf8")).tools : [];
    });
}

async function hashOf(path) {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

/** Under another name first: a killed run leaves nothing that looks whole. */
function unpack(archive, modules, mark, lock) {
  const temporary = `${modules}.${process.pid}.tmp`;
  mkdirSync(temporary, { recursive: true });
  const { status } = spawnSync("tar", ["-xzf", archive, "-C", temporary], { stdio: ["ignore", 2, 2] });
  if (status !== 0) {
    rmSync(temporary, { recursive: true, force: true });
    return "tar could not unpack the store's packages, see above; is the disk full?";
  }
  rmSync(modules, { recursive: true, force: true });
  renameSync(temporary, modules);
  writeFileSync(mark, lock);
  return undefined;
}
