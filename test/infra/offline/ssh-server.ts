/** A real sshd on a loopback port, with keys of its own, for the user who runs the tests. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { until } from "./waiting.ts";

export interface SshServer {
  port: number;
  user: string;
  /** As `connection.hostKey` wants it. */
  hostKey: string;
  /** A key that may log in. */
  privateKey: string;
  /** The same, under `passphrase`. */
  lockedPrivateKey: string;
  passphrase: string;
  privateKeyFile: string;
  /** What the server has written, for failures. */
  log(): string;
  stop(): Promise<void>;
}

/** @param options more lines of sshd_config. */
export async function startSshServer(options: string[] = []): Promise<SshServer> {
  const folder = mkdtempSync(join(tmpdir(), "fleetwright-sshd-"));
  const passphrase = "open sesame";
  makeKey(join(folder, "host"), "");
  makeKey(join(folder, "user"), "");
  writeFileSync(join(folder, "locked"), readFileSync(join(folder, "user")), { mode: 0o600 });
  execFileSync("ssh-keygen", ["-q", "-p", "-P", "", "-N", passphrase, "-f", join(folder, "locked")]);
  const port = await freePort();
  const child = startServer(folder, port, options);
  let log = "";
  child.stderr?.on("data", (chunk) => {
    log += chunk;
  });
  const stop = async () => {
    await end(child);
    rmSync(folder, { recursive: true, force: true });
  };
  await until("sshd to listen", () => listens(port)).catch(async (error) => {
    await stop();
    throw new Error(`${error.message}\n${log}`);
  });
  const read = (name: string) => readFileSync(join(folder, name), "utf8");
  return {
    port,
    user: userInfo().username,
    hostKey: read("host.pub").trim(),
    privateKey: read("user"),
    lockedPrivateKey: read("locked"),
    passphrase,
    privateKeyFile: join(folder, "user"),
    log: () => log,
    stop,
  };
}

const makeKey = (path: string, passphrase: string): void => {
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", passphrase, "-f", path]);
};

function startServer(folder: string, port: number, options: string[]): ChildProcess {
  // sshd as root refuses to start without this folder.
  if (userInfo().uid === 0) mkdirSync("/run/sshd", { recursive: true });
  const lines = [
    `Port ${port}`,
    "ListenAddress 127.0.0.1",
    `HostKey ${join(folder, "host")}`,
    `AuthorizedKeysFile ${join(folder, "user.pub")}`,
    "AcceptEnv FLEET_* PULUMI_COMMAND_STDOUT",
    "PasswordAuthentication no",
    "UsePAM no",
    "StrictModes no",
    "PidFile none",
    "MaxStartups 100",
    "Subsystem sftp internal-sftp",
    ...options,
  ];
  writeFileSync(join(folder, "config"), `${lines.join("\n")}\n`);
  return spawn("/usr/sbin/sshd", ["-D", "-e", "-f", join(folder, "config")], { stdio: ["ignore", "ignore", "pipe"] });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("close", resolve));
  child.kill();
  await ended;
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
