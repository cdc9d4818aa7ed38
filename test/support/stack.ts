/** A user's own stack: a file of configuration, a passphrase, a state in a folder, and the `pulumi` command itself. */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import type { FleetStatus } from "../../infra/cli/table.ts";
import { evidence, type Run, type RunOptions, statusOf } from "./project.ts";

/** A folder with a Pulumi.yaml in which a user works. */
export interface Repository {
  readonly folder: string;
  run(command: string, args: readonly string[], options?: RunOptions): Promise<Run>;
  /** Runs `fleet ARGS…` as a user of that repository does. */
  fleet(args: readonly string[], options?: RunOptions): Promise<Run>;
}

export class UserStack {
  readonly project: Repository;
  readonly name: string;
  readonly #env: Record<string, string>;

  private constructor(project: Repository, name: string, env: Record<string, string>) {
    this.project = project;
    this.name = name;
    this.#env = env;
  }

  /** Makes the stack as a user would: the shell takes over what `fleet env` prints, then `pulumi stack init`. */
  static async init(project: Repository, name: string): Promise<UserStack> {
    const state = join(project.folder, ".state");
    mkdirSync(state, { recursive: true });
    const tools = await project.fleet(["env"]);
    if (tools.code !== 0) throw new Error(evidence(tools));
    const shell = await project.run("sh", ["-c", 'eval "$0" && printf %s "$PATH"', tools.stdout]);
    if (shell.code !== 0) throw new Error(evidence(shell));
    const stack = new UserStack(project, name, {
      PATH: shell.stdout,
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_BACKEND_URL: `file://${state}`,
      PULUMI_CONFIG_PASSPHRASE: randomBytes(12).toString("hex"),
    });
    const made = await stack.pulumi(["stack", "init", name, "--secrets-provider", "passphrase"]);
    if (made.code !== 0) throw new Error(evidence(made));
    return stack;
  }

  /** Writes the stack's file; the salt that Pulumi keeps there stays. */
  configure(fleet: unknown): void {
    const path = join(this.project.folder, `Pulumi.${this.name}.yaml`);
    const before = existsSync(path) ? (parse(readFileSync(path, "utf8")) as Record<string, unknown>) : {};
    writeFileSync(path, stringify({ ...before, config: { "fleetwright:fleet": fleet } }));
  }

  /** `pulumi ARGS… --stack NAME`, without questions and colours. */
  pulumi(args: readonly string[], options: RunOptions = {}): Promise<Run> {
    const words = [...args, ...(args[1] === "init" ? [] : ["--stack", this.name]), "--non-interactive", "--color", "never"];
    return this.project.run("pulumi", words, { ...options, env: { ...this.#env, ...options.env } });
  }

  /** `pulumi up`; a preview before it would ask every machine twice. */
  up(...args: string[]): Promise<Run> {
    return this.pulumi(["up", "--yes", "--skip-preview", ...args]);
  }

  /** Any program, in the shell that the stack was made in. */
  run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Run> {
    return this.project.run(command, args, { ...options, env: { ...this.#env, ...options.env } });
  }

  /** `fleet ARGS… --stack NAME` */
  fleet(args: readonly string[], options: RunOptions = {}): Promise<Run> {
    return this.project.fleet([...args, "--stack", this.name], { ...options, env: { ...this.#env, ...options.env } });
  }

  async status(): Promise<FleetStatus> {
    return statusOf(await this.fleet(["status", "--json"]));
  }

  async outputs(): Promise<Record<string, unknown>> {
    const run = await this.pulumi(["stack", "output", "--json", "--show-secrets"]);
    if (run.code !== 0) throw new Error(evidence(run));
    return JSON.parse(run.stdout) as Record<string, unknown>;
  }
}
