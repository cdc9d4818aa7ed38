/** A stack as `gather` wants it, by Pulumi's own commands. */
import { existsSync, readFileSync } from "node:fs";
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { FleetError } from "../../errors.ts";
import { execute } from "../../offline/executables.ts";
import type { StackSource } from "../../recovery/gather.ts";
import type { StackPlace } from "./config-file.ts";

export function stackSource(stack: Stack, place: StackPlace): StackSource {
  return {
    name: place.name,
    projectFile: place.projectFile,
    stackFile: place.stackFile,
    exportState: (secrets) => exportState(stack, secrets),
    plainConfig: async () => {
      const all = Object.entries(await stack.getAllConfig()).filter(([, { secret }]) => secret);
      return Object.fromEntries(all.map(([key, { value }]) => [key, value]));
    },
    passphrase: () => passphraseOf(process.env),
  };
}

/** The Automation API's own export always shows secrets. @throws FleetError when the stack can't be exported */
export async function exportState({ name, workspace }: Stack, secrets: "encrypted" | "plain"): Promise<string> {
  const flags = secrets === "plain" ? ["--show-secrets"] : [];
  const args = ["stack", "export", "--stack", name, "--non-interactive", ...flags];
  const env = { ...process.env, ...workspace.envVars };
  const { ok, stdout, lastLines } = await execute(workspace.pulumiCommand.command, args, { cwd: workspace.workDir, env });
  if (ok) return stdout;
  throw new FleetError(`stack "${name}" can't be exported.`, { log: lastLines });
}

/** By standard input: the Automation API's own import writes the state, which may be in plain text, to a file first. @throws FleetError */
export async function importState({ name, workspace }: Stack, state: string): Promise<void> {
  const args = ["stack", "import", "--stack", name, "--non-interactive"];
  const env = { ...process.env, ...workspace.envVars };
  const { ok, lastLines } = await execute(workspace.pulumiCommand.command, args, { cwd: workspace.workDir, env, stdin: state });
  if (ok) return;
  throw new FleetError(`the state of stack "${name}" can't be imported.`, {
    log: lastLines,
    kept: "the stack's state; no machine was touched.",
    next: "mend what it says, then run the same command again",
  });
}

/** As Pulumi looks for it. @throws FleetError when a file is named that isn't there */
export function passphraseOf(environment: NodeJS.ProcessEnv): string | undefined {
  const { PULUMI_CONFIG_PASSPHRASE: given, PULUMI_CONFIG_PASSPHRASE_FILE: file } = environment;
  if (given !== undefined) return given;
  if (file === undefined || file === "") return undefined;
  if (existsSync(file)) return readFileSync(file, "utf8").trim();
  throw new FleetError(`the passphrase's file ${file} (PULUMI_CONFIG_PASSPHRASE_FILE) is not there.`);
}
