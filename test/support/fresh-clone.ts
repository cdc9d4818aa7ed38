/** A clone as somebody has it whose laptop is gone: no packages, an empty home, empty caches, and no registry that answers. */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { cachePath } from "../../infra/cache.ts";
import type { FleetStatus } from "../../infra/cli/table.ts";
import { type Run, type RunOptions, runIn, statusOf } from "./project.ts";

const repository = fileURLToPath(new URL("../../", import.meta.url));

/** Nobody listens there: who asks a registry is refused at once. */
const NOWHERE = "http://127.0.0.1:9";

export class FreshClone {
  readonly folder: string;
  readonly #parent: string;
  readonly env: Record<string, string>;

  /** @param options.images whether the system of local machines is at hand, as a cloud's image is */
  constructor({ images = true }: { images?: boolean } = {}) {
    this.#parent = mkdtempSync(join(tmpdir(), "fleetwright-fresh-"));
    this.folder = join(this.#parent, "clone");
    const cache = join(this.#parent, "cache");
    this.env = {
      HOME: join(this.#parent, "home"),
      FLEETWRIGHT_CACHE: cache,
      PULUMI_HOME: join(this.#parent, "home/.pulumi"),
      XDG_DATA_HOME: "",
      npm_config_registry: NOWHERE,
      PIP_INDEX_URL: NOWHERE,
      GOPROXY: "off",
    };
    const list = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "-z"], { cwd: repository, encoding: "utf8" });
    for (const path of list.split("\0").filter((name) => name !== "")) {
      mkdirSync(dirname(join(this.folder, path)), { recursive: true });
      cpSync(join(repository, path), join(this.folder, path), { verbatimSymlinks: true });
    }
    mkdirSync(join(this.#parent, "home"));
    if (images) lendImages(join(cache, "images"));
  }

  /** Runs `fleet ARGS…` as the npm scripts do. */
  fleet(args: readonly string[], { env = {}, ...options }: RunOptions = {}): Promise<Run> {
    return runIn(this.folder, process.execPath, ["infra/cli/start.mjs", ...args], { ...options, env: { ...this.env, ...env } });
  }

  /** Runs `pulumi ARGS…` in the shell that `fleet env` makes. */
  pulumi(args: readonly string[], env: Record<string, string>): Promise<Run> {
    const script = 'eval "$("$0" infra/cli/start.mjs env)" && exec pulumi "$@" --non-interactive';
    return runIn(this.folder, "sh", ["-c", script, process.execPath, ...args], { env: { ...this.env, ...env } });
  }

  async status(stack: string, env: Record<string, string>): Promise<FleetStatus> {
    return statusOf(await this.fleet(["status", "--json", "--stack", stack], { env }));
  }

  /** As it was at first, but for what a recovery has written beside the project. */
  empty(): void {
    rmSync(join(this.folder, "node_modules"), { recursive: true, force: true });
    const cache = join(this.#parent, "cache");
    rmSync(cache, { recursive: true, force: true });
    lendImages(join(cache, "images"));
  }

  remove(): void {
    rmSync(this.#parent, { recursive: true, force: true });
  }
}

function lendImages(to: string): void {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(cachePath("images"))) if (!name.endsWith(".tmp")) symlinkSync(cachePath("images", name), join(to, name));
}
