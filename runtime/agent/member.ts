/** `fleethost member`: out of a group's manifest this machine's own, as `fleethost apply` takes it on standard input. */
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { type GroupManifest, groupManifestSchema, memberManifest } from "../group.ts";
import { agentExit } from "../report.ts";
import type { SecretValues } from "../secrets.ts";
import * as z from "../zod.ts";
import type { Agent } from "./context.ts";
import { AgentFailure } from "./failure.ts";
import { readIfThere } from "./files.ts";

export interface MemberOptions {
  /** Path of the group's manifest. */
  group: string;
  name: string;
  address: string;
  /** Path of what Secrets Manager answered, where the group has secrets. */
  secrets?: string | undefined;
}

/** @throws AgentFailure when what was fetched isn't what the group needs */
export async function member({ paths }: Pick<Agent, "paths">, { group: path, name, address, secrets }: MemberOptions): Promise<object> {
  const group = parseGroup(await readFile(path, "utf8"));
  const values = secrets === undefined ? {} : parseValues(await readFile(secrets, "utf8"));
  const missing = Object.keys(group.secrets?.as ?? {}).filter((key) => values[key] === undefined);
  if (missing.length > 0) throw refused(`Secrets Manager has no value for ${missing.join(", ")}`);
  const own = (await readIfThere(paths.secretKey))?.trim();
  const secretKey = own ?? randomBytes(32).toString("hex");
  const manifest = memberManifest(group, { name, address, secretKey, values });
  const given = Object.fromEntries(Object.entries(values).filter(([key]) => group.secrets?.as[key] !== undefined));
  return { manifest, secrets: given, secretKey };
}

function parseGroup(text: string): GroupManifest {
  const parsed = groupManifestSchema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw refused("the group's manifest isn't understood", parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`));
}

const answerSchema = z.object({ SecretString: z.string() });

/** Errors of JSON repeat a piece of the text, and so of a value. */
function parseValues(text: string): SecretValues {
  const answer = answerSchema.safeParse(parseJson(text));
  const values = z.record(z.string(), z.string()).safeParse(answer.success ? parseJson(answer.data.SecretString) : undefined);
  if (values.success) return values.data;
  throw refused("the secret in Secrets Manager isn't an object of texts");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refused(what: string, log: string[] = []): AgentFailure {
  return new AgentFailure("member", what, {
    kept: "everything; nothing was touched",
    next: "The group's manifest and its secrets are written by Fleetwright: run `pulumi up` again.",
    log,
    exitCode: agentExit.usage,
  });
}
