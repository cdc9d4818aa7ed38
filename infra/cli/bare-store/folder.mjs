// A store in a folder, before there are any packages.
import { existsSync, readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** @param {string} from a path or file:// URL @returns {import("./open.mjs").BareStore} */
export function folderStore(from) {
  const root = folderOf(from);
  return {
    sets: async () => setsIn(root),
    bytes: (name) => readFile(join(root, name)),
    fetch: async (name) => {
      if (existsSync(join(root, name))) return join(root, name);
      throw new Error(`${name} is not there`);
    },
  };
}

function folderOf(from) {
  if (from.startsWith("file://")) return fileURLToPath(from);
  return from.startsWith("~/") ? join(homedir(), from.slice(2)) : resolve(process.env.INIT_CWD ?? ".", from);
}

function setsIn(root) {
  const sets = join(root, "sets");
  if (!existsSync(sets)) return [];
  const entries = readdirSync(sets, { recursive: true, withFileTypes: true });
  // Node 20 has the one, later ones the other.
  return entries.filter((entry) => entry.isFile()).map((entry) => relative(root, join(entry.parentPath ?? entry.path, entry.name)));
}
