/** `fleet local`: a real fleet on this computer, by the same program that `pulumi up` runs. */
import { readFileSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { parse } from "yaml";
import { parseStackConfig } from "../config/parse.ts";
import { exitCodes, FleetError } from "../errors.ts";
import { overrideVariables } from "../overrides.ts";
import { shareSessions } from "../rollout/transports/shared-sessions.ts";
import { SKIP_VARIABLE } from "../skip.ts";
import { lastSeen } from "./ask.ts";
import { prepareComputer } from "./computer.ts";
import { type Outcome, runUp } from "./engine.ts";
import { inventorySchema } from "./inventories.ts";
import { placeOfStack, readRecoveryConfig } from "./recovery/config-file.ts";
import { putByAfter } from "./recovery/put-by.ts";
import { LOCAL_STACK, localFolder, openLocalStack, sayToStderr } from "./stacks.ts";
import { releaseStaleLocks } from "./stale-lock.ts";
import { statusTable } from "./table.ts";
import { watchRollout } from "./watch.ts";

export interface LocalOptions {
  app?: string;
  machines?: number;
  image?: "trixie" | "bookworm";
  skip?: string;
  takeOver?: boolean;
  repeatOnce?: string;
  /** The rollout's events on standard output, and all else on standard error. */
  json?: boolean;
}

export async function local(options: LocalOptions): Promise<number> {
  const value = fleetValue(options);
  // The program checks it too; here a mistake costs no time, and nothing is installed for it.
  parseStackConfig(value);
  const place = placeOfStack(process.cwd(), LOCAL_STACK);
  const recovery = readRecoveryConfig(place);
  prepareComputer();
  releaseStaleLocks(join(localFolder(), "state"), sayToStderr);
  const stack = await openLocalStack(value, async () => (await import("../program.ts")).deploy(process.cwd()));
  Object.assign(process.env, options.skip === undefined ? {} : { [SKIP_VARIABLE]: options.skip }, overrideVariables(options));
  // Plugins run in the stack's folder. So must the program: the commands in the state are relative to it.
  const home = process.cwd();
  process.chdir(localFolder());
  const endSessions = shareSessions();
  const watch = watchRollout(options);
  const outcome = await runUp(stack, watch).finally(watch.stop);
  process.chdir(home);
  if (outcome.exitCode !== exitCodes.ok) return outcome.exitCode;
  const exitCode = await show(outcome, options.json === true ? process.stderr : process.stdout).finally(endSessions);
  return putByAfter(place, recovery, "local", exitCode);
}

/** The stack's value out of Pulumi.local.yaml, with the command line's wishes over it. What is odd in it is left for the schema to tell. */
function fleetValue({ app, machines, image }: LocalOptions): unknown {
  const value = readStackFile();
  if (!isGroup(value)) return value;
  const given = isGroup(value.app) ? value.app : {};
  const from = app === undefined ? process.cwd() : (process.env.INIT_CWD ?? process.cwd());
  const dir = app ?? given.dir;
  const chosen = app === undefined ? given : withoutEntry(given);
  return {
    ...value,
    ...(isGroup(value.app) || app !== undefined ? { app: { ...chosen, dir: typeof dir === "string" ? resolve(from, dir) : dir } } : {}),
    ...(isGroup(value.machines) ? { machines: { ...value.machines, ...definedOf({ count: machines, image }) } } : {}),
  };
}

const STACK_FILE = "Pulumi.local.yaml";

function readStackFile(): unknown {
  try {
    const file = parse(readFileSync(STACK_FILE, "utf8")) as { config?: Record<string, unknown> } | null;
    return file?.config?.["fleetwright:fleet"];
  } catch (error) {
    throw new FleetError(`${STACK_FILE} can't be read: ${(error as Error).message.split("\n")[0]}`, {
      kept: "everything; nothing was created or changed.",
      next: "mend the file, or bring it back: git checkout Pulumi.local.yaml",
      exitCode: exitCodes.usage,
    });
  }
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function definedOf(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

/** Another app has another entry module and health path; the name stays, as it is only another release to the machines. */
function withoutEntry(app: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(app).filter(([key]) => !APP_SPECIFIC.includes(key)));
}

const APP_SPECIFIC = ["asgi", "node", "wsgi", "command", "listen", "probe", "slots", "portBase", "health", "once"];

async function show({ outputs, changes }: Outcome, out: NodeJS.WriteStream): Promise<number> {
  const inventory = inventorySchema.parse(outputs.inventory?.value);
  const caFile = join(localFolder(), "ca.pem");
  writeFileSync(caFile, String(outputs.caBundle?.value));
  const fleet = await lastSeen(inventory);
  const url = fleet.machines.find((machine) => machine.url !== null)?.url;
  const skipped = outputs.skipped?.value as string[];
  out.write(
    [
      changes === 0 ? "No changes." : `${changes} resource${changes === 1 ? "" : "s"} changed.`,
      "",
      statusTable(fleet),
      "",
      `  curl --cacert ${shownPath(caFile)} ${url}`,
      "",
      "  npm run fleet -- status     the same table, asked again",
      "  npm run local:down          removes everything",
      "",
    ].join("\n"),
  );
  return skipped.length > 0 ? exitCodes.partial : exitCodes.ok;
}

/** As short as it works from where the command was typed. */
function shownPath(path: string): string {
  const from = process.env.INIT_CWD ?? process.cwd();
  const short = relative(from, path);
  return short.startsWith("..") ? path : short;
}
