/**
 * A stack of the Automation API without the questions that it asks the CLI and that we can answer: each is a start of a program of
 * 115 MB. Before a run those are its version and whether the stack is there, after it the outputs, twice, and the history.
 */
import { createRequire } from "node:module";
import * as pulumi from "@pulumi/pulumi";
import { LocalWorkspace, type OutputMap, PulumiCommand, Stack } from "@pulumi/pulumi/automation/index.js";

export interface QuickStackOptions {
  stackName: string;
  workDir: string;
  program: () => Promise<Record<string, unknown>>;
  /** Of the CLI on PATH. */
  version: string;
  /** Whether the backend has the stack. */
  exists: boolean;
}

/** Opens the stack, and makes it where it isn't there. After an `up`, its outputs are those that the program has returned. */
export async function openQuickly({ stackName, workDir, program, version, exists }: QuickStackOptions): Promise<Stack> {
  const kept = keepOutputs(program);
  const workspace = await LocalWorkspace.create({ workDir, program: kept.program, pulumiCommand: commandOf(version) });
  // Selecting it only tells the CLI what its default is; every command of the Automation API names the stack.
  if (exists) workspace.selectStack = async () => undefined;
  const stack = await Stack.createOrSelect(stackName, workspace);
  const ask = stack.outputs.bind(stack);
  stack.outputs = async () => kept.outputs() ?? ask();
  // What has changed, the engine's last event says.
  stack.info = async () => undefined;
  return stack;
}

/** The program, and what it returned as soon as all of that is known. */
function keepOutputs(program: QuickStackOptions["program"]): Pick<QuickStackOptions, "program"> & { outputs: () => OutputMap | undefined } {
  let known: OutputMap | undefined;
  const keep = async (): Promise<Record<string, unknown>> => {
    const returned = await program();
    pulumi.all(Object.entries(returned).map(([name, value]) => entryOf(name, value))).apply((entries) => {
      known = Object.fromEntries(entries);
    });
    return returned;
  };
  return { program: keep, outputs: () => known };
}

function entryOf(name: string, value: unknown): pulumi.Output<[string, OutputMap[string]]> {
  const output: pulumi.Output<unknown> = pulumi.output(value);
  return pulumi
    .all([output, pulumi.isSecret(output)])
    .apply(([plain, secret]): [string, OutputMap[string]] => [name, { value: plain, secret }]);
}

const { SemVer } = createRequire(createRequire(import.meta.url).resolve("@pulumi/pulumi/package.json"))("semver") as {
  SemVer: new (version: string) => NonNullable<PulumiCommand["version"]>;
};

/** What `PulumiCommand.get` returns once it has asked. */
function commandOf(version: string): PulumiCommand {
  return Object.assign(Object.create(PulumiCommand.prototype) as PulumiCommand, { command: "pulumi", version: new SemVer(version) });
}
