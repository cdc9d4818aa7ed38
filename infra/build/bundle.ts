/** Makes one program of our TypeScript and the packages that it needs: as lean as it can be once it runs. */
import { mkdirSync, writeFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { basename, dirname, join } from "node:path";
import type { Plugin } from "esbuild";

export interface BundleOptions {
  /** Folder of the sources. */
  readonly folder: string;
  /** The module to start with, relative to `folder`. */
  readonly entry: string;
  readonly outDir: string;
  /** The program's file is `<name>.mjs`; what it loads later, if it does, is in files of their own beside it. */
  readonly name: string;
}

/**
 * Writes the program's files. Not minified, so that a stack trace on a machine can be read; that would save little memory.
 * @returns for each file that was written, the modules in it; the program's own comes first
 */
export async function bundle({ folder, entry, outDir, name }: BundleOptions): Promise<Record<string, string[]>> {
  const { build } = await import("esbuild");
  const { outputFiles, metafile } = await build({
    // Names of files go into comments of the output, relative to this.
    absWorkingDir: dirname(folder),
    entryPoints: { [name]: join(folder, entry) },
    outdir: outDir,
    outExtension: { ".js": ".mjs" },
    // What is imported when it is asked for must not be in memory before.
    splitting: true,
    chunkNames: `${name}-[name]-[hash]`,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node24",
    legalComments: "none",
    // A single character beyond Latin-1 would double a source's memory.
    charset: "ascii",
    plugins: [requireBuiltins],
    logLevel: "silent",
    metafile: true,
    write: false,
  });
  mkdirSync(outDir, { recursive: true });
  for (const { path, text } of outputFiles) writeFileSync(path, withoutBuiltinImports(text));
  return Object.fromEntries(Object.entries(metafile.outputs).map(([path, { inputs }]) => [basename(path), Object.keys(inputs)]));
}

/** Some packages call `require` for what Node brings; an ES module has none. */
const requireBuiltins: Plugin = {
  name: "require-builtins",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(node:)?[\w/]+$/ }, ({ path, kind }) =>
      kind === "require-call" && builtinModules.includes(path.replace(/^node:/, "")) ? { path, namespace: "builtin" } : undefined,
    );
    onLoad({ filter: /./, namespace: "builtin" }, ({ path }) => ({ contents: `module.exports = ${builtin(path)};`, loader: "js" }));
  },
};

/** By its full name: a module may well have a `process` of its own. */
const builtin = (name: string): string => `globalThis.process.getBuiltinModule(${JSON.stringify(name)})`;

/**
 * An `import` of a module of Node's loads all that it offers, and what that needs in turn: with node:http come WebSocket and
 * fetch, 12 MiB of memory; with node:process stdin. Taken this way, only what is used is loaded.
 *
 * @param text as esbuild writes it: each import begins a line
 * @throws Error for an import that is written in another way
 */
export function withoutBuiltinImports(text: string): string {
  const lean = text.replaceAll(
    /^import (?:(?:(\w+)(?:, )?)?(?:\* as (\w+)|\{([^}]*)\})? from )?"((?:node:)?[a-z_/]+)";$/gm,
    (_, whole: string | undefined, namespace: string | undefined, named: string | undefined, name: string) =>
      [whole, namespace, named === undefined ? undefined : `{${named.replaceAll(" as ", ": ")}}`]
        .filter((target) => target !== undefined)
        .map((target) => `const ${target} = ${builtin(name)};`)
        .join(" "),
  );
  const left = /^(import|export)\b[^;"']*["'](node:.*|[a-z_/]+)["'];?$|^const \{[^}]*\bdefault: [^=]*= .*getBuiltinModule/m.exec(lean);
  if (left !== null) throw new Error(`the bundler writes an import that we don't understand: ${left[0]}`);
  return lean;
}
