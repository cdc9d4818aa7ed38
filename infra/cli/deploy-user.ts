/** `fleet deploy-user`: an administrator's login makes the reserved user that deploys from then on. */
import { existsSync, readFileSync } from "node:fs";
import { gateTable } from "../deploy-user/gate-table.ts";
import { DEPLOY_USER } from "../deploy-user/place.ts";
import { publicKeys } from "../deploy-user/public-keys.ts";
import { type AllowedRuntime, removalScript, setupScript } from "../deploy-user/setup-script.ts";
import { buildRuntime } from "../build/runtime.ts";
import { exitCodes, FleetError } from "../errors.ts";
import type { InventoryMachine } from "../inventory.ts";
import type { Target } from "../machines/machine.ts";
import { caddyBinary } from "../offline/tools.ts";
import { observe } from "../rollout/observe.ts";
import { TransportFailure } from "../rollout/transports/connection.ts";
import { sshConnection } from "../rollout/transports/ssh.ts";
import { type FleetChoice, oneMachine } from "./machines.ts";
import { hostIn } from "./stack-file.ts";
import { readInventories, sayToStderr } from "./stacks.ts";

export interface DeployUserChoice extends FleetChoice {
  /** Files with public keys. */
  key?: string[];
  /** The login that makes the user. */
  admin: string;
  adminKey?: string;
  anyRuntime?: boolean;
  print?: boolean;
  arch: Target["arch"];
  remove?: boolean;
}

const CONNECT_TIMEOUT_MS = 10_000;

export async function deployUser(names: readonly string[], choice: DeployUserChoice): Promise<number> {
  const keys = (choice.key ?? []).flatMap((path) => publicKeys(path, readKeyFile(path)));
  if (choice.print === true) {
    process.stdout.write(await scriptFor(choice, keys, choice.arch));
    return exitCodes.ok;
  }
  if (names.length === 0) throw usage("no machine is named.", `name them: fleet deploy-user web-1 web-2 …; or --print the script.`);
  for (const name of names) await setUp(await findMachine(name, choice), keys, choice);
  process.stdout.write(afterwards(names, choice));
  return exitCodes.ok;
}

async function scriptFor({ remove, anyRuntime }: DeployUserChoice, keys: readonly string[], arch: Target["arch"]): Promise<string> {
  if (remove === true) return removalScript();
  return setupScript({ keys, runtimes: anyRuntime === true ? "any" : [await ownRuntime(arch)] });
}

/** The bundle that this version of Fleetwright deploys. */
async function ownRuntime(arch: Target["arch"]): Promise<AllowedRuntime> {
  const { id, archive } = await buildRuntime(arch, { say: sayToStderr, caddy: (of) => caddyBinary(of, { say: sayToStderr }) });
  return { id, archiveSha256: archive.sha256 };
}

async function setUp({ name, transport }: InventoryMachine, keys: readonly string[], choice: DeployUserChoice): Promise<void> {
  const login = { ...transport, user: choice.admin, ...(choice.adminKey === undefined ? {} : { privateKeyFile: choice.adminKey }) };
  const seen = await observe(name, login, CONNECT_TIMEOUT_MS);
  if (seen.state === "unreachable") throw silent(name, seen.why);
  const script = await scriptFor(choice, keys, seen.facts.target.arch);
  const connection = sshConnection(login, CONNECT_TIMEOUT_MS);
  try {
    const asRoot = 'if [ "$(id -u)" = 0 ]; then exec sh -s; else exec sudo -n sh -s; fi';
    const { code, stdout, stderr } = await connection.run(asRoot, { stdin: script });
    if (code !== 0) throw failed(name, `${stdout}\n${stderr}`);
    for (const line of stdout.trim().split("\n")) sayToStderr(`${name}  ${line}`);
  } catch (error) {
    if (error instanceof TransportFailure) throw silent(name, error.message);
    throw error;
  } finally {
    await connection.close();
  }
}

/** The stack's file knows a machine before the first `up`; a program's machines are in the stack's outputs. */
async function findMachine(name: string, { stack, fleet }: DeployUserChoice): Promise<InventoryMachine> {
  const path = `Pulumi.${stack}.yaml`;
  const given = existsSync(path) ? hostIn(readFileSync(path, "utf8"), fleet, name) : undefined;
  return given ?? oneMachine(await readInventories(stack), fleet, name).machine;
}

function readKeyFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw usage(`${path} can't be read (${code}).`, "give the file with the deploy user's public key: --key FILE");
  }
}

const usage = (what: string, next: string): FleetError =>
  new FleetError(what, { kept: "everything; nothing was touched.", next, exitCode: exitCodes.usage });

function silent(name: string, why: string): FleetError {
  const next = "see that it answers SSH, then run the same command again.";
  return new FleetError(`it can't be reached (${why}).`, { machine: name, next });
}

function failed(name: string, log: string): FleetError {
  return new FleetError("the deploy user could not be set up.", {
    machine: name,
    log: log.split("\n").filter((line) => line.trim() !== ""),
    kept: "what is deployed, and the login that you used.",
    next: "see the lines above, then run the same command again.",
  });
}

function afterwards(names: readonly string[], { remove, stack }: DeployUserChoice): string {
  const on = names.join(", ");
  if (remove === true) return `${DEPLOY_USER} is gone from ${on}. What was deployed stays.\n`;
  return [
    `${DEPLOY_USER} is set up on ${on}: ${Object.keys(gateTable).length} commands of the agent, and nothing else, as root.`,
    `Next: machines.hosts[].user: ${DEPLOY_USER} in Pulumi.${stack}.yaml, with its privateKeyFile; then up.`,
    "",
  ].join("\n");
}
