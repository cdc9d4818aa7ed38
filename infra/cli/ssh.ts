/** `fleet ssh`: the system's OpenSSH, with the login, bastion and pinned host key of the inventory. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { exitCodes } from "../errors.ts";
import { sshWords } from "../rollout/transports/ssh.ts";
import { type FleetChoice, oneMachine } from "./machines.ts";
import { readInventories } from "./stacks.ts";

const CONNECT_TIMEOUT_MS = 10_000;

/** Ends with the remote command's exit code; 255 is OpenSSH's own (ssh(1), "EXIT STATUS"). */
export async function ssh(name: string, command: readonly string[], { stack, fleet }: FleetChoice): Promise<number> {
  const { machine } = oneMachine(await readInventories(stack), fleet, name);
  const { words, remove } = sshWords(machine.transport, CONNECT_TIMEOUT_MS);
  // A terminal's Ctrl-C is for the remote side; this process waits for how that ends.
  for (const signal of ["SIGINT", "SIGQUIT"] as const) process.on(signal, () => undefined);
  try {
    const child = spawn("ssh", sshCommandLine(words, command, process.stdin.isTTY && process.stdout.isTTY), { stdio: "inherit" });
    for (const signal of ["SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal));
    const [code] = (await once(child, "exit")) as [number | null];
    return code ?? exitCodes.failed;
  } finally {
    remove();
  }
}

/** The command is one text for the remote shell, as `ssh` itself makes it of several words. Pure. */
export function sshCommandLine(words: readonly string[], command: readonly string[], terminal: boolean): string[] {
  return [...(terminal ? ["-t"] : ["-T"]), ...words, ...(command.length === 0 ? [] : ["--", command.join(" ")])];
}
