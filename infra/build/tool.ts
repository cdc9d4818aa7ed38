/** Runs a program of the operator's computer (git, pip, npm) and keeps what it said. */
import { spawn } from "node:child_process";

export interface ToolResult {
  /** `missing` when there is no such program. */
  outcome: "ok" | "failed" | "missing";
  stdout: string;
  stderr: string;
}

export interface ToolOptions {
  cwd?: string;
  /** @default this program's own, without what `withoutConfiguration` takes out */
  env?: NodeJS.ProcessEnv;
}

/**
 * Pulumi hands a program its configuration in the environment, with all secrets in plain, and its passphrase. Packages' scripts
 * must not get them. Pure.
 */
export function withoutConfiguration(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("PULUMI_CONFIG")));
}

/** Never throws for what the program does; its exit code other than 0 is `failed`. */
export function runTool(command: string, args: readonly string[], options: ToolOptions = {}): Promise<ToolResult> {
  return new Promise((resolve, reject) => {
    const env = withoutConfiguration(options.env ?? process.env);
    const child = spawn(command, args, { ...options, env, stdio: ["ignore", "pipe", "pipe"] });
    const said = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name].setEncoding("utf8");
      child[name].on("data", (text: string) => void (said[name] += text));
    }
    child.on("error", (error: NodeJS.ErrnoException) =>
      error.code === "ENOENT" ? resolve({ outcome: "missing", ...said }) : reject(error),
    );
    child.on("close", (code) => resolve({ outcome: code === 0 ? "ok" : "failed", ...said }));
  });
}

/** The last lines that say something, for an error's log. */
export function lastLines(text: string, count = 12): string[] {
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .slice(-count);
}
