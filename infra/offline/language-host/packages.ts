/** Reads what is installed for a program from its node_modules. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface Installed {
  name: string;
  version: string;
  /** The `pulumi` entry of package.json. */
  pulumi?: { resource?: boolean; name?: string; version?: string; server?: string };
}

export interface RequiredPlugin {
  name: string;
  version: string;
  server: string;
}

/** The resource plugins that the installed packages are made for. */
export function requiredPlugins(programFolder: string): RequiredPlugin[] {
  const found = new Map<string, RequiredPlugin>();
  for (const { name, version, pulumi } of installed(join(programFolder, "node_modules"))) {
    if (pulumi?.resource !== true) continue;
    const plugin = {
      name: pulumi.name ?? name.replace(/^@pulumi\//, ""),
      version: `v${(pulumi.version ?? version).replace(/^v/, "")}`,
      server: pulumi.server ?? "",
    };
    found.set(`${plugin.name}@${plugin.version}`, plugin);
  }
  return [...found.values()];
}

/** The program's own dependencies, or everything below node_modules. */
export function dependencies(programFolder: string, transitive: boolean): Installed[] {
  const all = installed(join(programFolder, "node_modules"));
  if (transitive) return all;
  const { dependencies = {}, devDependencies = {} } = manifest(programFolder) as Record<string, Record<string, string>>;
  const named = { ...dependencies, ...devDependencies };
  return all.filter(({ name }) => name in named);
}

function installed(folder: string): Installed[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((name) => {
    if (name.startsWith(".")) return [];
    const below = join(folder, name);
    if (name.startsWith("@")) return readdirSync(below).flatMap((scoped) => one(join(below, scoped)));
    return one(below);
  });
}

function one(folder: string): Installed[] {
  const read = manifest(folder) as Partial<Installed>;
  const itself = read.name && read.version ? [read as Installed] : [];
  return [...itself, ...installed(join(folder, "node_modules"))];
}

function manifest(folder: string): unknown {
  try {
    return JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  } catch {
    return {};
  }
}
