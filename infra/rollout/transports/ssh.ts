/** A connection by the system's OpenSSH: agents, hardware keys, bastions and post-quantum key exchange come with it. */
import { spawn } from "node:child_process";
import { createReadStream, createWriteStream, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { SshTransport } from "../../machines/machine.ts";
import { isAlive } from "../../processes.ts";
import { type Connection, type RunOptions, type RunResult, TransportFailure } from "./connection.ts";
import { sharedControl } from "./shared-sessions.ts";
import { knownHosts, type SshFiles, sshArguments, tunnelWords } from "./ssh-arguments.ts";
import { sshOwnExitCode, sshProblem } from "./ssh-failure.ts";

/**
 * Opens a session whose commands share one SSH connection, with those of other processes where they share theirs. Nothing is dialled
 * before the first command.
 * @param options `own`: whether it is to be a login of its own all the same
 */
export function sshConnection(
  transport: SshTransport,
  connectTimeoutMs: number,
  { own: alone = false }: { own?: boolean } = {},
): Connection {
  const folder = sessionFolder();
  const shared = alone ? undefined : sharedControl(transport);
  const own = writeFiles(folder, transport);
  const common = sshArguments(transport, { ...own, control: shared ?? own.control }, connectTimeoutMs);
  return {
    run: (command, options = {}) =>
      runSsh([...common, "--", command], options).catch((error: unknown) => Promise.reject(ofTunnel(error, transport))),
    close: async () => {
      if (shared === undefined) await runSsh(["-O", "exit", ...common], { timeoutMs: 5_000 }).catch(() => undefined);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** OpenSSH keeps to itself what a shared connection's tunnel says: it is asked for by hand. */
function ofTunnel(error: unknown, { port, tunnel }: SshTransport): unknown {
  if (tunnel === undefined || !(error instanceof TransportFailure) || error.problem !== "unreachable") return error;
  return new TransportFailure(error.problem, `${error.message}; why, is said by: ${tunnelWords(port, tunnel).join(" ")}`);
}

/** For whoever runs `ssh` itself: its arguments up to the remote command, and what takes the key files away again. */
export function sshWords(transport: SshTransport, connectTimeoutMs: number): { words: string[]; remove: () => void } {
  const folder = sessionFolder();
  const files = { ...writeFiles(folder, transport), control: undefined };
  return {
    words: sshArguments(transport, files, connectTimeoutMs),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

const FOLDER_PREFIX = "fleetwright-ssh-";

/** Named by this process. What processes left that were killed is removed: it may hold a private key. */
function sessionFolder(): string {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(FOLDER_PREFIX))) {
    const owner = Number(name.slice(FOLDER_PREFIX.length).split("-")[0]);
    if (owner > 0 && !isAlive(owner)) rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
  return mkdtempSync(join(tmpdir(), `${FOLDER_PREFIX}${process.pid}-`));
}

function writeFiles(folder: string, transport: SshTransport): SshFiles {
  const writeKey = (name: string, key: string | undefined): string | undefined => {
    if (key === undefined) return undefined;
    const path = join(folder, name);
    writeFileSync(path, key.endsWith("\n") ? key : `${key}\n`, { mode: 0o600 });
    return path;
  };
  const files = {
    knownHosts: join(folder, "known_hosts"),
    control: join(folder, "control"),
    keys: { machine: writeKey("key", transport.privateKey), bastion: writeKey("bastion-key", transport.bastion?.privateKey) },
  };
  writeFileSync(files.knownHosts, knownHosts(transport), { mode: 0o600 });
  return files;
}

function runSsh(args: string[], options: RunOptions): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = spawn("ssh", args, {
      stdio: ["pipe", "pipe", "pipe"],
      signal: options.signal,
      // Ctrl-C at the terminal is for us to handle: ssh must live to carry the way back.
      detached: true,
      timeout: options.timeoutMs,
    });
    const output = { stdout: "", stderr: "" };
    if (options.onLine !== undefined) createInterface({ input: child.stdout }).on("line", options.onLine);
    if (options.stdoutFile === undefined) child.stdout.on("data", (chunk: Buffer) => (output.stdout += chunk.toString()));
    const kept =
      options.stdoutFile === undefined ? undefined : pipeline(child.stdout, createWriteStream(options.stdoutFile, { mode: 0o600 }));
    kept?.catch(reject);
    child.stderr.on("data", (chunk: Buffer) => (output.stderr += chunk.toString()));
    child.stdin.on("error", () => undefined);
    feed(child.stdin, options);
    child.on("error", (error) => reject(new TransportFailure("ended", startFailure(error))));
    child.on("close", (code, signal) => {
      const detail = output.stderr.trim();
      if (signal !== null) reject(new TransportFailure("ended", `the command was ended by ${signal}${detail === "" ? "" : `: ${detail}`}`));
      else if (code === sshOwnExitCode) reject(new TransportFailure(sshProblem(detail), lastLine(detail)));
      else Promise.resolve(kept).then(() => resolve({ code: code ?? 1, ...output }), reject);
    });
  });
}

function feed(to: Writable, { stdin = "", stdinBytes, stdinFile }: RunOptions): void {
  if (stdinFile !== undefined) createReadStream(stdinFile).pipe(to);
  else if (stdinBytes !== undefined) to.end(stdinBytes);
  else if (typeof stdin === "string") to.end(stdin);
  else void stdin.then((text) => to.end(text));
}

function startFailure(error: NodeJS.ErrnoException): string {
  if (error.code === "ENOENT")
    return 'OpenSSH\'s "ssh" was not found on this computer; install it (Debian: apt-get install openssh-client)';
  return error.message;
}

function lastLine(text: string): string {
  return text.split("\n").at(-1)?.trim() || "the connection ended";
}
