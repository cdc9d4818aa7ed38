/**
 * What each machine has from its ACME issuer, sealed with the account's key, in a folder of the operator's: a machine that is
 * rebuilt gets it back, and the issuer isn't asked again.
 */
import { createHash, createPublicKey } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { z } from "zod";
import { unseal } from "../../runtime/seal.ts";
import { currentAgentCommand } from "./commands.ts";
import type { Observation } from "./observation.ts";
import type { Plan, PlannedMachine } from "./plan.ts";
import type { Connection } from "./transports/connection.ts";
import { sshConnection } from "./transports/ssh.ts";

/** Names the folder, for operators that share one or have no home of their own: in CI, say. */
export const BACKUP_VARIABLE = "FLEETWRIGHT_ACME_BACKUP";

const fileSchema = z.object({ schema: z.literal(1), hash: z.string(), sealed: z.string() });
const answerSchema = z.object({ hash: z.string().nullable(), sealed: z.string().nullable() });

const ASK_TIMEOUT_MS = 20_000;

/** `$FLEETWRIGHT_ACME_BACKUP`, else below `$XDG_DATA_HOME` or `~/.local/share`. Pure. */
export function backupFolder(environment: NodeJS.ProcessEnv, home: string): string {
  return environment[BACKUP_VARIABLE] || join(environment.XDG_DATA_HOME || join(home, ".local", "share"), "fleetwright", "acme");
}

/** A folder an account: names of machines are unique in a fleet only. Nothing of the key can be told from it. */
function pathOf(accountKey: string, machine: string): string {
  const account = createPublicKey(accountKey).export({ type: "spki", format: "der" });
  const id = createHash("sha256").update(account).digest("hex").slice(0, 16);
  return join(backupFolder(process.env, homedir()), id, `${machine}.json`);
}

/** The sealed text of a machine's backup; undefined when there is none. */
export function readBackup(accountKey: string, machine: string): string | undefined {
  return read(accountKey, machine)?.sealed;
}

/**
 * Takes a machine's backup where the one that is there isn't of just what the machine reports to have.
 * @param connect the way to it, where there is something to take
 */
export async function backUp(
  { tls }: Pick<Plan, "tls">,
  { name, manifest }: PlannedMachine,
  seen: Observation | undefined,
  connect: () => Pick<Connection, "run">,
): Promise<void> {
  const key = tls?.accountKey;
  if (key === undefined || seen?.state !== "reachable") return;
  const hash = seen.apps.find(({ app }) => app === manifest.app.name)?.acmeStorage;
  if (hash === undefined || read(key, name)?.hash === hash) return;
  await takeBackup(connect(), manifest.app.name, name, key);
}

/** The same for every machine of a plan, at a time when nobody is connected. Best effort: nothing depends on it now. */
export async function backUpAll(plan: Plan, seen: ReadonlyMap<string, Observation>): Promise<void> {
  const one = async (machine: PlannedMachine): Promise<void> => {
    await using stack = new AsyncDisposableStack();
    const connect = (): Connection => {
      const connection = sshConnection(machine.transport, plan.options.connectTimeoutMs);
      stack.defer(() => connection.close());
      return connection;
    };
    await backUp(plan, machine, seen.get(machine.name), connect);
  };
  await Promise.allSettled(plan.machines.map(one));
}

function read(accountKey: string, machine: string): z.infer<typeof fileSchema> | undefined {
  try {
    return fileSchema.safeParse(JSON.parse(readFileSync(pathOf(accountKey, machine), "utf8"))).data;
  } catch {
    return undefined;
  }
}

/** What the account's key doesn't open is of another account, and not kept. */
async function takeBackup(connection: Pick<Connection, "run">, app: string, machine: string, accountKey: string): Promise<void> {
  const { code, stdout } = await connection.run(currentAgentCommand("acme-backup", "--app", app, "--json"), { timeoutMs: ASK_TIMEOUT_MS });
  const answer = code === 0 ? answerSchema.safeParse(JSON.parse(stdout)).data : undefined;
  if (answer === undefined || answer.hash === null || answer.sealed === null) return;
  if (unseal(answer.sealed, accountKey) === undefined) return;
  const path = pathOf(accountKey, machine);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, `${JSON.stringify({ schema: 1, hash: answer.hash, sealed: answer.sealed })}\n`, { mode: 0o600 });
  renameSync(temporary, path);
}
