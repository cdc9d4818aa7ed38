// Before there are any packages: takes them from a recovery store. Plain JavaScript that needs Node 20 and tar: nothing else is there yet.
// The layout is that of infra/recovery/store/layout.ts: sets/<project>/<stack>/<id>.json, objects/<2 digits>/<sha256>.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { openBareStore } from "./bare-store/open.mjs";

/**
 * Fills node_modules from a store.
 * @param {{ root: string, from: string, lock: string, mark: string }} where root: the clone; from: the store; lock: sha256 of its lock file
 * @returns {Promise<string | undefined>} what is in the way, or undefined when it is done
 */
export async function takePackages({ root, from, lock, mark }) {
  const modules = join(root, "node_modules");
  const download = `${modules}.${process.pid}.tar.gz`;
  try {
    const store = openBareStore(from);
    const object = await packagesIn(store, lock);
    if (object === undefined) return notThere(from, lock);
    process.stderr.write(`Taking the npm packages from the store (${(object.bytes / 1e6).toFixed(0)} MB) …\n`);
    const archive = await store.fetch(nameOf(object), download);
    if ((await hashOf(archive)) !== object.sha256) return spoiled(from, object);
    return unpack(archive, modules, mark, lock);
  } catch (error) {
    return unreadable(from, error);
  } finally {
    rmSync(download, { force: true });
  }
}

function notThere(from, lock) {
  return (
    `The store ${from} has no packages for this clone's package-lock.json (${lock.slice(0, 12)}) on ${here}.\n` +
    "Where no registry can be reached, check out the version that was brought up last."
  );
}

function spoiled(from, object) {
  return (
    `The packages in the store ${from} (${nameOf(object)}) are spoiled.\n` +
    "Where no registry can be reached, take another copy of the store."
  );
}

function unreadable(from, { message }) {
  return (
    `The store ${from} can't be read for the npm packages: ${message}.\n` +
    "Where no registry can be reached, mend that; or copy the store to a folder (aws s3 sync, scp -r), and give that as --from."
  );
}

const here = `${process.platform}-${process.arch}`;
const nameOf = ({ sha256 }) => `objects/${sha256.slice(0, 2)}/${sha256}`;

/** Of all sets that are whole, newest first: packages belong to a lock file, not to a stack. */
async function packagesIn(store, lock) {
  const names = (await store.sets()).filter((name) => name.endsWith(".json"));
  for (const name of names.sort((a, b) => (baseOf(a) < baseOf(b) ? 1 : -1))) {
    const bytes = await store.bytes(name);
    if (!name.endsWith(`-${createHash("sha256").update(bytes).digest("hex").slice(0, 16)}.json`)) continue;
    const { tools } = JSON.parse(bytes.toString("utf8"));
    const found = tools.find((tool) => tool.name === "packages" && tool.version === lock && tool.platform === here && tool.archive);
    if (found !== undefined) return found.archive;
  }
  return undefined;
}

const baseOf = (name) => name.slice(name.lastIndexOf("/") + 1);

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
