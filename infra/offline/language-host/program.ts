/** How a Pulumi program is started with Node: arguments, environment and what its exit means. Pure. */

/** What the engine asks to be run; the names are those of its RunRequest. */
export interface ProgramRun {
  engine: string;
  monitor: string;
  organization: string;
  project: string;
  stack: string;
  rootDirectory: string;
  programDirectory: string;
  /** A path below the program's folder; "." for what package.json says. */
  entryPoint: string;
  args: string[];
  dryRun: boolean;
  parallel: number;
  /** Configuration by key, and which of the keys are secret. */
  config: Record<string, string>;
  secretKeys: string[];
  /** The options of `runtime` in Pulumi.yaml. */
  options: Record<string, unknown>;
}

/** Node's arguments for `@pulumi/pulumi/cmd/run`, whose path is `script`. */
export function programArguments(run: ProgramRun, script: string): string[] {
  const named: [string, string][] = [
    ["monitor", run.monitor],
    ["engine", run.engine],
    ["organization", run.organization],
    ["project", run.project],
    ["root-directory", run.rootDirectory],
    ["stack", run.stack],
    ["pwd", run.programDirectory],
    ["parallel", String(run.parallel)],
  ];
  return [
    ...words(String(run.options["nodeargs"] ?? "")),
    script,
    ...named.flatMap(([name, value]) => (value === "" ? [] : [`--${name}`, value])),
    ...(run.dryRun ? ["--dry-run"] : []),
    run.entryPoint,
    ...run.args,
  ];
}

/** What the SDK reads its configuration and its TypeScript settings from. */
export function programEnvironment(run: ProgramRun): Record<string, string> {
  const { typescript = true, tsconfig } = run.options;
  // The SDK still takes keys as they were once written: `project:config:name`.
  const config = Object.entries(run.config).map(([key, value]) => [key.replace(/^([^:]*):(?!config:)/, "$1:config:"), value]);
  return {
    PULUMI_CONFIG: JSON.stringify(Object.fromEntries(config)),
    PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(run.secretKeys),
    ...(typescript === true && { PULUMI_NODEJS_TYPESCRIPT: "true" }),
    ...(typeof tsconfig === "string" && { PULUMI_NODEJS_TSCONFIG_PATH: tsconfig }),
  };
}

/** Exit code by which the SDK says that it has already told the user what is wrong: its cmd/run/index.js. */
const alreadyTold = 32;

export type Outcome = { kind: "done" } | { kind: "told" } | { kind: "failed"; error: string };

export function outcome(code: number | null, signal: NodeJS.Signals | null): Outcome {
  if (code === 0) return { kind: "done" };
  if (code === alreadyTold) return { kind: "told" };
  return { kind: "failed", error: signal ? `Program was ended by ${signal}` : `Program exited with non-zero exit code: ${code}` };
}

/** Splits at blanks; quotes keep blanks together. */
export function words(text: string): string[] {
  return [...text.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? match[3] ?? "");
}
