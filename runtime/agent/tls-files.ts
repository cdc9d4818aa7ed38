/** The files about certificates that Caddy reads beside its configuration, each named by a version of what is in it. */
import { chmod, chown, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { type GivenTls, type Https, ownValue } from "../https.ts";
import type { Agent } from "./context.ts";
import { AgentFailure } from "./failure.ts";
import { namesIn, readIfThere, temporaryPrefix, writeIfChanged } from "./files.ts";
import type { Paths } from "./paths.ts";
import { groupId } from "./users.ts";
import { caddyUser } from "./units.ts";

interface TlsFile {
  path: string;
  /** Undefined when it wasn't given. */
  text: string | undefined;
  /** What it is, for people. */
  what: string;
  secret: boolean;
}

/** Paths of what a manifest's Caddy reads. Pure. */
export const tlsPaths = (paths: Pick<Paths, "tls">, https: Https): string[] => filesFor(paths, https, {}).map(({ path }) => path);

/**
 * Writes what is missing or was changed. Versions that others use stay.
 * @throws AgentFailure when something is neither here nor given
 */
export async function storeTlsFiles({ paths }: Pick<Agent, "paths">, https: Https, given: GivenTls): Promise<void> {
  const files = filesFor(paths, https, given);
  if (files.length === 0) return;
  const gid = await groupId(caddyUser);
  await mkdir(paths.etc, { recursive: true, mode: 0o755 });
  await mkdir(paths.tls.folder, { recursive: true, mode: 0o750 });
  await chmod(paths.tls.folder, 0o750);
  await chown(paths.tls.folder, 0, gid);
  for (const { path, text, what, secret } of files) {
    if (text !== undefined) await writeIfChanged(path, text, secret ? { mode: 0o640, gid } : { mode: 0o644 });
    else if ((await readIfThere(path)) === undefined) throw missing(what);
  }
}

function filesFor({ tls }: Pick<Paths, "tls">, { own, acme }: Https, { certificate, key, eabKey }: GivenTls): TlsFile[] {
  const files: TlsFile[] = [];
  if (own !== undefined) {
    const text = certificate === undefined || key === undefined ? undefined : ownValue({ certificate, key });
    files.push({ path: tls.own(own.version), text, what: "the certificate and its key", secret: true });
  }
  if (acme?.caRoot !== undefined)
    files.push({ path: tls.acmeRoot(acme.caRoot), text: acme.caRoot, what: "the issuer's root", secret: false });
  if (acme?.eab !== undefined)
    files.push({ path: tls.eabKey(acme.eab.version), text: eabKey, what: "the key of the external account", secret: true });
  return files;
}

function missing(what: string): AgentFailure {
  return new AgentFailure("tls", `this machine doesn't have ${what}, and nothing was given`, {
    kept: "everything that ran before; nothing was switched",
    next: 'Give {"manifest": …, "tls": …} on stdin; the rollout does.',
  });
}

/** Removes what none of these needs. */
export async function pruneTlsFiles({ paths }: Pick<Agent, "paths">, needed: readonly Https[]): Promise<void> {
  const keep = new Set(needed.flatMap((https) => tlsPaths(paths, https)));
  for (const name of await namesIn(paths.tls.folder)) {
    const path = join(paths.tls.folder, name);
    if (!name.startsWith(temporaryPrefix) && !keep.has(path)) await rm(path, { force: true });
  }
}
