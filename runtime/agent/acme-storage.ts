/**
 * What a machine has from its ACME issuer: the fleet's account and the certificates. It is put in place before Caddy starts, and
 * can be had sealed, so that a machine that is rebuilt doesn't ask the issuer again.
 */
import { createHash } from "node:crypto";
import { chown, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { GivenTls, Https } from "../https.ts";
import { canonicalJson } from "../manifest.ts";
import { seal, unseal } from "../seal.ts";
import * as z from "../zod.ts";
import { accountFiles, certificateFolder, newRegistration } from "./acme-layout.ts";
import type { Agent } from "./context.ts";
import { readIfThere, writeAtomic } from "./files.ts";
import { userId } from "./users.ts";
import { caddyUser } from "./units.ts";

type Acme = NonNullable<Https["acme"]>;
type WithPaths = Pick<Agent, "paths">;

type Owner = readonly [uid: number, gid: number];

const savedSchema = z.object({ files: z.record(z.string(), z.string()) });

/** What Caddy writes for one name. */
const KINDS = ["crt", "key", "json"] as const;

/**
 * Puts in place what is missing; what is there stays, as it is newer.
 * @param ownerOf numbers of the user and group that it is for
 * @returns names whose certificate was put back
 */
export async function restoreStorage(
  { paths }: WithPaths,
  https: Https,
  given: GivenTls,
  ownerOf: () => Promise<Owner> = () => userId(caddyUser),
): Promise<string[]> {
  const { acme } = https;
  if (acme === undefined || given.accountKey === undefined) return [];
  const saved = savedFiles(given);
  const owner = await ownerOf();
  const account = accountFiles(acme);
  const restored: string[] = [];
  // A machine that has an account keeps it: its certificates belong to that one.
  if ((await readIfThere(join(paths.caddyState, account.key))) === undefined) {
    // The key last: a key without a registration makes Caddy begin another account.
    await write(paths.caddyState, account.registration, saved[account.registration] ?? newRegistration(acme.email), owner);
    await write(paths.caddyState, account.key, given.accountKey, owner);
  }
  for (const name of https.names) {
    const files = filesOf(acme, name);
    const [certificate = ""] = files;
    if ((await readIfThere(join(paths.caddyState, certificate))) !== undefined || files.some((file) => saved[file] === undefined)) continue;
    // Caddy looks for the certificate first: it comes last.
    for (const file of files.toReversed()) await write(paths.caddyState, file, saved[file] ?? "", owner);
    restored.push(name);
  }
  return restored;
}

function savedFiles({ storage, accountKey = "" }: GivenTls): Record<string, string> {
  const text = storage === undefined ? undefined : unseal(storage, accountKey);
  if (text === undefined) return {};
  try {
    return savedSchema.safeParse(JSON.parse(text)).data?.files ?? {};
  } catch {
    return {};
  }
}

export interface Backup extends Record<string, unknown> {
  /** Of the certificates in it; null when there is none. */
  hash: string | null;
  /** Opened with the account's key. */
  sealed: string | null;
}

/** Everything that a machine in its place would need. */
export async function backUp(agent: WithPaths, https: Https): Promise<Backup> {
  const nothing: Backup = { hash: null, sealed: null };
  if (https.acme === undefined) return nothing;
  const account = accountFiles(https.acme);
  const key = await readIfThere(join(agent.paths.caddyState, account.key));
  const files = await certificateFiles(agent, https, https.acme);
  if (key === undefined || Object.keys(files).length === 0) return nothing;
  const registration = await readIfThere(join(agent.paths.caddyState, account.registration));
  const all = { ...files, ...(registration === undefined ? {} : { [account.registration]: registration }) };
  return { hash: hashOfFiles(files), sealed: seal(canonicalJson({ files: all }), key) };
}

/** Names the certificates that are there, without a hint of their keys: it may be printed. */
export async function storageHash(agent: WithPaths, https: Https): Promise<string | undefined> {
  if (https.acme === undefined) return undefined;
  const files = await certificateFiles(agent, https, https.acme);
  return Object.keys(files).length === 0 ? undefined : hashOfFiles(files);
}

function hashOfFiles(files: Record<string, string>): string {
  const certificates = Object.entries(files).filter(([path]) => path.endsWith(".crt"));
  return createHash("sha256")
    .update(canonicalJson(Object.fromEntries(certificates)))
    .digest("hex")
    .slice(0, 32);
}

/** Of each name all of its files, or none. */
async function certificateFiles({ paths }: WithPaths, { names }: Https, acme: Acme): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name of names) {
    const files = filesOf(acme, name);
    const texts = await Promise.all(files.map((file) => readIfThere(join(paths.caddyState, file))));
    if (texts.every((text) => text !== undefined)) files.forEach((file, index) => (found[file] = texts[index] ?? ""));
  }
  return found;
}

function filesOf({ directory }: Acme, name: string): string[] {
  const folder = certificateFolder(directory, name);
  return KINDS.map((kind) => `${folder}/${folder.split("/").at(-1)}.${kind}`);
}

/** Caddy's own, all the way down: it writes beside it. */
async function write(root: string, path: string, text: string, [uid, gid]: Owner): Promise<void> {
  let folder = root;
  for (const part of ["", ...dirname(path).split("/")]) {
    folder = join(folder, part);
    const made = await mkdir(folder, { recursive: true, mode: 0o700 });
    if (made !== undefined) await chown(folder, uid, gid);
  }
  await writeAtomic(join(root, path), text, { mode: 0o600 });
  await chown(join(root, path), uid, gid);
}
