/** `fleethost member`: out of a group's manifest this machine's own, as `fleethost apply` takes it on standard input. */
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type GroupManifest, groupManifestSchema, memberManifest } from "../group.ts";
import { readValues, type SecretRead, secretReads } from "../group-secrets.ts";
import { agentExit } from "../report.ts";
import type { Agent } from "./context.ts";
import { AgentFailure } from "./failure.ts";
import { readIfThere } from "./files.ts";

export interface MemberOptions {
  /** Path of the group's manifest. */
  group: string;
  name: string;
  address: string;
  /** Path of the folder with AWS's answers to what `secretsToRead` told, where the group has secrets. */
  secrets?: string | undefined;
}

const WRITTEN_BY_US = "The group's manifest is written by Fleetwright: run `pulumi up` again.";
const MEND_SECRETS = "mend them where they are kept, or in the configuration; then replace this machine.";

/** @throws AgentFailure when what was fetched isn't what the group needs */
export async function member({ paths }: Pick<Agent, "paths">, { group: path, name, address, secrets }: MemberOptions): Promise<object> {
  const group = await readGroup(path);
  const { values, problems } = readValues(group.secrets, await answersIn(secrets, secretReads(group.secrets)));
  if (problems.length > 0) {
    throw refused("secrets of the app can't be used", MEND_SECRETS, problems);
  }
  const own = (await readIfThere(paths.secretKey))?.trim();
  const secretKey = own ?? randomBytes(32).toString("hex");
  const manifest = memberManifest(group, { name, address, secretKey, values });
  return { manifest, secrets: values, secretKey };
}

/** What is to be asked before `member` can answer. */
export async function secretsToRead(group: string): Promise<SecretRead[]> {
  return secretReads((await readGroup(group)).secrets);
}

async function answersIn(folder: string | undefined, reads: readonly SecretRead[]): Promise<Record<string, string>> {
  if (folder === undefined) return {};
  const read = async ({ file }: SecretRead) => [file, await readIfThere(join(folder, file))] as const;
  const answers = await Promise.all(reads.map(read));
  return Object.fromEntries(answers.flatMap(([file, text]) => (text === undefined ? [] : [[file, text]])));
}

async function readGroup(path: string): Promise<GroupManifest> {
  const parsed = groupManifestSchema.safeParse(parseJson(await readFile(path, "utf8")));
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  throw refused("the group's manifest isn't understood", WRITTEN_BY_US, lines);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refused(what: string, next: string, log: string[]): AgentFailure {
  return new AgentFailure("member", what, { kept: "everything; nothing was touched", next, log, exitCode: agentExit.usage });
}
