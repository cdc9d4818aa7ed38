/** A copy of examples/platform in a folder of its own, with the packed library installed: somebody else's repository. */
import { cpSync, mkdtempSync, readdirSync, realpathSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { evidence, type Project, type Run, type RunOptions, runIn } from "./project.ts";

export class Platform {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), "fleetwright-platform-")));
  // Its package.json asks for a Node that strips types; the system's may be older.
  readonly #path = [dirname(process.execPath), process.env.PATH].join(delimiter);

  constructor(project: Project) {
    cpSync(join(project.folder, "examples/platform"), this.folder, { recursive: true });
  }

  /** `npm pack` in the library's repository, for this one. @returns the paths in the package, and its size */
  async pack(project: Project): Promise<{ paths: string[]; bytes: number }> {
    const packed = await project.run("npm", ["pack", "--json", "--pack-destination", this.folder]);
    if (packed.code !== 0) throw new Error(evidence(packed));
    const [archive] = readdirSync(this.folder).filter((name) => name.endsWith(".tgz"));
    if (archive === undefined) throw new Error(`npm pack made nothing:\n${evidence(packed)}`);
    renameSync(join(this.folder, archive), join(this.folder, "fleetwright.tgz"));
    return listing(packed.stdout);
  }

  run(command: string, args: readonly string[], { env, ...options }: RunOptions = {}): Promise<Run> {
    return runIn(this.folder, command, args, { ...options, env: { PATH: this.#path, ...env } });
  }

  /** `npx fleet ARGS…`; never one from the registry. */
  fleet(args: readonly string[], options: RunOptions = {}): Promise<Run> {
    return this.run("npx", ["--no", "fleet", "--", ...args], options);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** What `npm pack --json` says, after what the build printed. */
function listing(stdout: string): { paths: string[]; bytes: number } {
  const json = JSON.parse(stdout.slice(stdout.search(/^[[{]\s*$/m))) as unknown;
  const [said] = (Array.isArray(json) ? json : Object.values(json as object)) as { size: number; files: { path: string }[] }[];
  if (said === undefined) throw new Error(`npm pack named no package:\n${stdout}`);
  return { paths: said.files.map(({ path }) => path), bytes: said.size };
}
