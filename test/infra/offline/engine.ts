/** The real Pulumi engine on a state of its own in a temporary folder, with the stand-in provider on its PATH. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import automation, { type EngineEvent, type Stack } from "@pulumi/pulumi/automation/index.js";
import { standInFolder } from "../../../infra/offline/launcher.ts";
import { pulumiCli } from "../../../infra/offline/tools.ts";

export type Program = () => Promise<Record<string, unknown> | void>;

export interface Updated {
  outputs: Record<string, { value: any; secret: boolean }>;
  /** Resources by what was done to them. */
  changes: Record<string, number>;
  /** What was logged about resources while they were under way. */
  log: string[];
}

export interface UpdateOptions {
  /** Told each line as it arrives. */
  onLine?: (line: string) => void;
  signal?: AbortSignal;
}

export interface TestStack {
  /** Temporary, gone after the test. */
  folder: string;
  up(program: Program, options?: UpdateOptions): Promise<Updated>;
  /** The changes that a preview foresees. */
  preview(program: Program): Promise<Record<string, number>>;
  /** Runs the program, which has to fail; gives all that was printed. */
  failure(program: Program, options?: UpdateOptions): Promise<string>;
  destroy(): Promise<void>;
  /** The state's text as it is on disk, secrets encrypted. */
  state(): string;
  /** A resource in the state, by its name. */
  resource(name: string): any;
}

/** Runs a test with a stack; whatever happens, its folder is removed. */
export async function withStack(use: (stack: TestStack) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "fleetwright-offline-"));
  try {
    await use({ ...runs(await makeStack(folder), folder), folder });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function makeStack(folder: string): Promise<Stack> {
  const { path } = await pulumiCli({ say: console.error });
  const standIn = await standInFolder("pulumi-resource-command");
  for (const name of ["state", "home", "work"]) mkdirSync(join(folder, name));
  process.env["PATH"] = [standIn, dirname(path), process.env["PATH"]].join(delimiter);
  return automation.LocalWorkspace.createStack(
    { stackName: "test", projectName: "offline", program: async () => {} },
    {
      workDir: join(folder, "work"),
      pulumiHome: join(folder, "home"),
      envVars: {
        PULUMI_BACKEND_URL: `file://${join(folder, "state")}`,
        PULUMI_CONFIG_PASSPHRASE: "test",
        PULUMI_SKIP_UPDATE_CHECK: "true",
      },
    },
  );
}

const collecting = (log: string[], onLine?: (line: string) => void) => (event: EngineEvent) => {
  const found = event.diagnosticEvent;
  if (found?.severity !== "info" || !found.urn?.includes("::command:")) return;
  log.push(found.message.trimEnd());
  onLine?.(found.message.trimEnd());
};

function runs(stack: Stack, folder: string): Omit<TestStack, "folder"> {
  const state = () => readFileSync(join(folder, "state", ".pulumi", "stacks", "offline", "test.json"), "utf8");
  return {
    async up(program, { onLine, signal } = {}) {
      const log: string[] = [];
      const result = await stack.up({ program: program as never, onEvent: collecting(log, onLine), ...(signal && { signal }) });
      return { outputs: result.outputs, changes: { ...result.summary.resourceChanges }, log };
    },
    preview: async (program) => ({ ...(await stack.preview({ program: program as never })).changeSummary }),
    async failure(program, { onLine, signal } = {}) {
      let output = "";
      const onOutput = (text: string) => {
        output += text;
      };
      const options = { onOutput, onError: onOutput, onEvent: collecting([], onLine), color: "never" as const };
      const failed = await stack.up({ program: program as never, ...options, ...(signal && { signal }) }).then(
        () => false,
        () => true,
      );
      if (!failed) throw new Error(`this program should have failed:\n${output}`);
      return output;
    },
    destroy: async () => void (await stack.destroy()),
    state,
    resource: (name) => JSON.parse(state()).checkpoint.latest.resources?.find((found: any) => found.urn.endsWith(`::${name}`)),
  };
}
