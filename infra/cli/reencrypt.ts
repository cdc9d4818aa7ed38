/** A stack's file under another secrets provider, by Pulumi itself; in a folder of its own: a run that is killed leaves nothing half. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { FleetError } from "../errors.ts";
import { execute } from "../offline/executables.ts";
import { pulumiEnvironment } from "../offline/tools.ts";
import { type ConfigSecret, withoutProvider } from "../recovery/secrets-provider.ts";
import { sayToStderr } from "./stacks.ts";

export interface Reencryption {
  project: string;
  stack: string;
  /** The stack's file under the provider that is lost. */
  text: string;
  secrets: readonly ConfigSecret[];
  /** `passphrase`, or a KMS key's URL. */
  provider: string;
  /** Of the provider `passphrase`. */
  passphrase: string | undefined;
}

/** @returns the file's text @throws FleetError when Pulumi can't use the provider */
export async function reencrypted({ project, stack, text, secrets, provider, passphrase }: Reencryption): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "fleetwright-provider-"));
  try {
    const file = join(folder, `Pulumi.${stack}.yaml`);
    mkdirSync(join(folder, "state"));
    writeFileSync(join(folder, "Pulumi.yaml"), stringify({ name: project, runtime: "nodejs" }));
    writeFileSync(file, withoutProvider(text), { mode: 0o600 });
    const pulumi = await pulumiIn(folder, passphrase);
    await pulumi(["stack", "init", stack, "--secrets-provider", provider]);
    // Pulumi takes one newline off the end of its input.
    for (const { path, value } of secrets) await pulumi(["config", "set", "--secret", "--path", path, "--stack", stack], `${value}\n`);
    return readFileSync(file, "utf8");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function pulumiIn(folder: string, passphrase: string | undefined): Promise<(args: string[], stdin?: string) => Promise<void>> {
  const { env, pulumi } = await pulumiEnvironment({ say: sayToStderr });
  const opens = passphrase === undefined ? {} : { PULUMI_CONFIG_PASSPHRASE: passphrase };
  const own = { PULUMI_BACKEND_URL: `file://${join(folder, "state")}`, ...opens };
  return async (args, stdin) => {
    const words = [...args, "--non-interactive", "--color", "never"];
    const { ok, lastLines } = await execute(pulumi, words, { cwd: folder, env: { ...process.env, ...env, ...own }, stdin });
    if (ok) return;
    throw new FleetError("the stack's secrets can't be encrypted by the new secrets provider:", {
      log: lastLines.filter((line) => /error/i.test(line)),
      kept: "everything; no machine was touched.",
      next: "name one that can be used: --secrets-provider passphrase, or a KMS key's URL with what Pulumi needs to reach it",
    });
  };
}
