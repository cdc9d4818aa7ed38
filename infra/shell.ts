/** Commands as text, for a POSIX shell. Pure but for the working directory. */
import { extname, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** Quotes a word for a POSIX shell. */
export function shellQuote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/**
 * Runs a module of ours with Node, from the folder that the program runs in: an absolute path would be a change on every
 * other computer.
 * @param module without its extension, relative to `from`: it is TypeScript in the clone and JavaScript in the package
 * @param from the caller's `import.meta.url`
 */
export function nodeCommand(module: string, from: string, subcommand: string): string {
  const path = relative(process.cwd(), fileURLToPath(new URL(`${module}${extname(from)}`, from)));
  return `node ${shellQuote(path)} ${subcommand}`;
}
