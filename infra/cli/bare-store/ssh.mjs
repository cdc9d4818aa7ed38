// A store on a host that answers SSH, before there are any packages: by the computer's own ssh, called as
// infra/rollout/transports/ssh-arguments.ts does.
import { spawn } from "node:child_process";
import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join, posix } from "node:path";
import { buffer, text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";

const CONNECT_TIMEOUT_S = 10;

/** @param {URL} url ssh://user@host:port/path?hostKey=… @returns {import("./open.mjs").BareStore} */
export function sshStore(url) {
  const login = loginOf(url);
  const root = decodeURIComponent(url.pathname);
  const run = (script, take) => runOver(login, script, take);
  const reading = (name) => `cat ${quote(posix.join(root, name))}`;
  return {
    sets: async () => {
      const list = `cd ${quote(root)} && { test ! -d sets || find sets -type f; }`;
      return (await run(list, text)).split("\n").filter((name) => name !== "");
    },
    bytes: (name) => run(reading(name), buffer),
    fetch: async (name, target) => {
      await run(reading(name), (output) => pipeline(output, createWriteStream(target, { mode: 0o600 })));
      return target;
    },
  };
}

/** A plus sign is one: host keys are full of them. A colon stands for the blank after the key's type. */
function loginOf(url) {
  const query = new URLSearchParams(url.search.replaceAll("+", "%2B"));
  const hostKey = (query.get("hostKey") ?? "").replace(/^([\w-]+):/, "$1 ");
  const [type, key] = hostKey.split(" ");
  if (!key) throw new Error('its URL must pin the host\'s key, as "ssh-keyscan HOST" prints it: ?hostKey=ssh-ed25519:AAAA…');
  const file = query.get("privateKeyFile") ?? undefined;
  return {
    host: url.hostname.replaceAll(/[[\]]/g, ""),
    port: url.port === "" ? 22 : Number(url.port),
    user: url.username === "" ? "root" : decodeURIComponent(url.username),
    type,
    key,
    privateKeyFile: file?.startsWith("~/") ? join(homedir(), file.slice(2)) : file,
  };
}

/** The user's own ssh configuration is not read, so that two computers do the same. Pure. */
export function sshWords({ host, port, user, type, privateKeyFile }, knownHosts) {
  const settings = [
    "BatchMode=yes",
    "StrictHostKeyChecking=yes",
    `UserKnownHostsFile=${pathValue(knownHosts)}`,
    "GlobalKnownHostsFile=/dev/null",
    `HostKeyAlgorithms=${type === "ssh-rsa" ? "rsa-sha2-512,rsa-sha2-256" : type}`,
    `ConnectTimeout=${CONNECT_TIMEOUT_S}`,
    "ServerAliveInterval=5",
    "ServerAliveCountMax=3",
    "LogLevel=ERROR",
    ...(privateKeyFile === undefined ? [] : [`IdentityFile=${pathValue(privateKeyFile)}`, "IdentitiesOnly=yes"]),
  ];
  return ["-F", "none", ...settings.flatMap((setting) => ["-o", setting]), "-l", user, "-p", String(port), host];
}

/** What pins the host's key. Pure. */
export function hostLine({ host, port, type, key }) {
  return `${port === 22 ? host : `[${host}]:${port}`} ${type} ${key}\n`;
}

/** As the value of an option: OpenSSH splits at blanks and expands percent signs. */
const pathValue = (path) => `"${path.replaceAll("%", "%%")}"`;

const quote = (word) => `'${word.replaceAll("'", "'\\''")}'`;

/** @param take reads the command's output to its end @throws {Error} with what ssh said */
async function runOver(login, script, take) {
  const folder = mkdtempSync(join(tmpdir(), "fleetwright-ssh-"));
  try {
    writeFileSync(join(folder, "known_hosts"), hostLine(login));
    const words = [...sshWords(login, join(folder, "known_hosts")), script];
    const child = spawn("ssh", words, { stdio: ["ignore", "pipe", "pipe"] });
    const ended = new Promise((resolve, reject) => child.once("error", reject).once("close", resolve));
    const [taken, said, code] = await Promise.all([take(child.stdout), text(child.stderr), ended]);
    if (code === 0) return taken;
    throw new Error(`ssh ended with ${code}: ${said.trim() || "it said nothing"}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
