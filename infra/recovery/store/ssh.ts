/** A store in a folder of a host that answers SSH. It needs nothing there but a POSIX shell and the GNU tools that Debian has. */
import { randomBytes } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, posix } from "node:path";
import type { SshTransport } from "../../machines/machine.ts";
import { type RunOptions, type RunResult, TransportFailure } from "../../rollout/transports/connection.ts";
import { sshConnection } from "../../rollout/transports/ssh.ts";
import { shellQuote } from "../../shell.ts";
import { digestOf } from "./digest.ts";
import { type FileEntry, StoreFailure, type StoreFiles, type StoreProblem } from "./files.ts";
import { PARTIAL } from "./layout.ts";
import type { StoreAddress } from "./url.ts";

type SshAddress = Extract<StoreAddress, { kind: "ssh" }>;

const CONNECT_TIMEOUT_MS = 10_000;
/** The exit code of a script of ours for a file that isn't there. */
const ABSENT = 44;

export function sshFiles({ path: root, ...login }: SshAddress, url: string): StoreFiles {
  const transport: SshTransport = { ...login, kind: "ssh" };
  const connection = sshConnection(transport, CONNECT_TIMEOUT_MS);
  const run = (script: string, options?: RunOptions): Promise<RunResult> => connection.run(script, options).catch(unreachable(login.host));
  /** @returns what it printed. @param what couldn't be done when the script fails */
  const done = async (script: string, problem: StoreProblem, what: string, options?: RunOptions): Promise<string> => {
    const { code, stdout, stderr } = await run(script, options);
    if (code !== 0) throw new StoreFailure(problem, `${what}: ${stderr.trim()}`);
    return stdout;
  };
  const at = (name: string): string => shellQuote(posix.join(root, name));
  const read = async (name: string, target: string): Promise<void> => {
    const { code, stderr } = await run(`test -f ${at(name)} || exit ${ABSENT}; cat ${at(name)}`, { stdoutFile: target });
    if (code === ABSENT) throw new StoreFailure("missing", `${name} is not there`);
    if (code !== 0) throw new StoreFailure("unreachable", `${name} can't be read: ${stderr.trim()}`);
  };
  return {
    url,
    write: async (name, source) => {
      const options = "file" in source ? { stdinFile: source.file } : { stdinBytes: source.bytes };
      const { sha256 } = await digestOf(source);
      await done(writeScript(posix.join(root, name), sha256, unique()), "refused", "it can't be written", options);
    },
    read,
    readBytes: (name) => bytesOf((temporary) => read(name, temporary)),
    list: async (folder) => listing(await done(listScript(root, folder), "unreachable", "it can't be listed"), folder),
    remove: async (name) => void (await done(`rm -f ${at(name)}`, "refused", `${name} can't be removed`)),
    clockMs: async () => clockOf(await run("date +%s")),
    close: () => connection.close(),
  };
}

const unique = (): string => randomBytes(6).toString("hex");

/** What is written into a file that is there only meanwhile. */
async function bytesOf(writeTo: (temporary: string) => Promise<void>): Promise<Buffer> {
  const temporary = join(tmpdir(), `fleetwright-read-${unique()}`);
  try {
    await writeTo(temporary);
    return await readFile(temporary);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** In whole seconds, which every system tells. */
function clockOf({ code, stdout }: RunResult): number | undefined {
  return code === 0 && /^\d+$/.test(stdout.trim()) ? Number(stdout) * 1_000 + 500 : undefined;
}

/**
 * To `cat`, a connection that breaks looks like the end of the file: so the final name appears only when the bytes on the disk have
 * the right hash. Pure.
 */
export function writeScript(path: string, sha256: string, suffix: string): string {
  const [final, temporary, folder] = [path, `${path}.${suffix}${PARTIAL}`, posix.dirname(path)].map(shellQuote);
  return [
    "set -e; umask 077",
    `mkdir -p ${folder}`,
    `trap ${shellQuote(`rm -f ${temporary}`)} EXIT`,
    `cat > ${temporary}`,
    `test "$(sha256sum < ${temporary})" = '${sha256}  -' || { echo 'it arrived incomplete' >&2; exit 1; }`,
    `sync ${temporary}; mv -f ${temporary} ${final}; sync ${folder}`,
  ].join("\n");
}

function listScript(root: string, folder: string): string {
  const path = shellQuote(posix.join(root, folder));
  return `test -d ${path} || exit 0; find ${path} -type f -printf '%s %T@ %P\\n'`;
}

/** Pure. */
export function listing(text: string, folder: string): FileEntry[] {
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.map((line) => {
    const [bytes = "", seconds = "", ...name] = line.split(" ");
    return { name: `${folder}${name.join(" ")}`, bytes: Number(bytes), writtenAtMs: Number(seconds) * 1000 };
  });
}

const unreachable =
  (host: string) =>
  (error: unknown): never => {
    if (!(error instanceof TransportFailure)) throw error;
    throw new StoreFailure("unreachable", `${host} can't be reached: ${error.message}`);
  };
