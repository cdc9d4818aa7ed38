/** The command line of the system's OpenSSH for a transport. Pure: nothing is run or read here. */
import { homedir } from "node:os";
import { join } from "node:path";
import type { SshTransport, Tunnel } from "../../machines/machine.ts";
import { shellQuote } from "../../shell.ts";

type Login = Omit<SshTransport, "bastion" | "kind" | "tunnel">;

/** Where a session keeps what OpenSSH wants in files. */
export interface SshFiles {
  knownHosts: string;
  /** Socket of the shared connection; undefined for a single command. */
  control: string | undefined;
  /** Private keys that were given as values, by login. */
  keys: { machine: string | undefined; bastion: string | undefined };
}

/** The lines of a known_hosts file that pins the machine's and the bastion's keys. */
export function knownHosts(transport: SshTransport): string {
  return [transport, ...(transport.bastion === undefined ? [] : [transport.bastion])]
    .map((login) => `${hostPattern(login)} ${keyOf(login).type} ${keyOf(login).key}\n`)
    .join("");
}

/** Arguments of `ssh` up to the remote command. The user's own ssh configuration is not read, so that two laptops do the same. */
export function sshArguments(transport: SshTransport, files: SshFiles, connectTimeoutMs: number): string[] {
  return [
    ...options(transport, files, files.keys.machine, connectTimeoutMs),
    ...(files.control === undefined
      ? []
      : ["-o", "ControlMaster=auto", "-o", `ControlPath=${pathValue(files.control)}`, "-o", "ControlPersist=60"]),
    ...proxy(transport, files, connectTimeoutMs),
    "-l",
    transport.user,
    "-p",
    String(transport.port),
    transport.host,
  ];
}

function proxy(transport: SshTransport, files: SshFiles, connectTimeoutMs: number): string[] {
  const { bastion, tunnel } = transport;
  if (tunnel !== undefined) return ["-o", `ProxyCommand=${asProxyCommand(tunnelWords(transport.port, tunnel))}`];
  return bastion === undefined ? [] : ["-o", `ProxyCommand=${proxyCommand(transport, bastion, files, connectTimeoutMs)}`];
}

/** The AWS command line stays between its standard input and output and the machine's port. */
export function tunnelWords(port: number, { instanceId, region, profile }: Tunnel): string[] {
  const where = ["--instance-id", instanceId, "--remote-port", String(port), "--region", region];
  return ["aws", "ec2-instance-connect", "open-tunnel", ...where, ...(profile === undefined ? [] : ["--profile", profile])];
}

function proxyCommand(transport: SshTransport, bastion: Login, files: SshFiles, connectTimeoutMs: number): string {
  const through = ["ssh", ...options(bastion, files, files.keys.bastion, connectTimeoutMs)];
  const words = [...through, "-l", bastion.user, "-p", String(bastion.port), "-W", `[${transport.host}]:${transport.port}`, bastion.host];
  return asProxyCommand(words);
}

/** OpenSSH expands percent signs in it. */
function asProxyCommand(words: readonly string[]): string {
  return words.map((word) => shellQuote(word).replaceAll("%", "%%")).join(" ");
}

function options(login: Login, files: SshFiles, keyFile: string | undefined, connectTimeoutMs: number): string[] {
  const identity = keyFile ?? (login.privateKeyFile === undefined ? undefined : expandHome(login.privateKeyFile));
  const settings = [
    "BatchMode=yes",
    "StrictHostKeyChecking=yes",
    `UserKnownHostsFile=${pathValue(files.knownHosts)}`,
    "GlobalKnownHostsFile=/dev/null",
    `HostKeyAlgorithms=${algorithms(keyOf(login).type)}`,
    `ConnectTimeout=${Math.max(1, Math.ceil(connectTimeoutMs / 1000))}`,
    // A machine that died under way is noticed after 15 seconds, not after TCP's quarter of an hour.
    "ServerAliveInterval=5",
    "ServerAliveCountMax=3",
    "LogLevel=ERROR",
    ...(identity === undefined ? [] : [`IdentityFile=${pathValue(identity)}`, "IdentitiesOnly=yes"]),
  ];
  return ["-F", "none", ...settings.flatMap((setting) => ["-o", setting])];
}

/** A path as the value of an option: OpenSSH splits at blanks and expands percent signs. */
function pathValue(path: string): string {
  return `"${path.replaceAll("%", "%%")}"`;
}

/** An RSA host key signs with SHA-2 these days: the algorithm's name is not the key's. */
function algorithms(keyType: string): string {
  return keyType === "ssh-rsa" ? "rsa-sha2-512,rsa-sha2-256" : keyType;
}

function keyOf(login: Login): { type: string; key: string } {
  const [type = "", key = ""] = login.hostKey.trim().split(/\s+/);
  return { type, key };
}

function hostPattern(login: Login): string {
  return login.port === 22 ? login.host : `[${login.host}]:${login.port}`;
}

/** `~/x` as a path of the user's home. */
export function expandHome(path: string): string {
  return path.startsWith("~/") ? join(homedir(), path.slice(2)) : path;
}
