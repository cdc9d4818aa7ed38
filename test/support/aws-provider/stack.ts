/** The real Pulumi engine with the stand-in for AWS, on a state of its own in a temporary folder. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { LocalWorkspace, type Stack } from "@pulumi/pulumi/automation/index.js";
import { launcher, standInFolder } from "../../../infra/offline/launcher.ts";
import { pulumiCli } from "../../../infra/offline/tools.ts";

/** Runs something with a stack; whatever happens, its folder is removed. */
export async function withAwsStack<T>(use: (stack: Stack) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "fleetwright-aws-stack-"));
  try {
    return await use(await makeStack(folder));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function makeStack(folder: string): Promise<Stack> {
  const { path } = await pulumiCli({ say: console.error });
  for (const name of ["state", "home", "work", "bin"]) mkdirSync(join(folder, name));
  const plugin = join(folder, "bin", "pulumi-resource-aws");
  writeFileSync(plugin, launcher(process.execPath, join(import.meta.dirname, "main.ts")));
  chmodSync(plugin, 0o755);
  const command = await standInFolder("pulumi-resource-command");
  process.env.PATH = [join(folder, "bin"), command, dirname(path), process.env.PATH].join(delimiter);
  return LocalWorkspace.createStack(
    { stackName: "test", projectName: "shop", program: async () => {} },
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
