/** `pulumi install`: lets the program's package manager install its dependencies. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

const lockFiles = { "yarn.lock": "yarn", "pnpm-lock.yaml": "pnpm", "bun.lock": "bun" };

/** The package manager that Pulumi.yaml names, or whose lock file there is. */
export function packageManager(folder: string, option: unknown): string {
  if (typeof option === "string" && option !== "auto") return option;
  return Object.entries(lockFiles).find(([file]) => existsSync(join(folder, file)))?.[1] ?? "npm";
}

/** @throws Error when it ends with anything but 0. */
export function install(folder: string, manager: string, output: (chunk: Buffer) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(manager, ["install"], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.on("data", output);
    child.stderr.on("data", output);
    child.once("error", (error) => reject(new Error(`${manager} install: ${error.message}`)));
    child.once("close", (code) => (code === 0 ? resolve() : reject(new Error(`${manager} install ended with ${code}`))));
  });
}
