/** Makes a set out of a stack, what its machines say and what this computer has; nothing is written. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { MachineReleases } from "../cli/ask-releases.ts";
import { FleetError } from "../errors.ts";
import type { Inventory } from "../inventory.ts";
import { backupFolder } from "../rollout/acme-backups.ts";
import { expandHome } from "../rollout/transports/ssh-arguments.ts";
import { onAws } from "./account.ts";
import { cachedPackages, cachedRelease, cachedRuntime } from "./cached.ts";
import type { RecoveryConfig } from "./config.ts";
import { changedAt, exportSchema, inventoriesIn, plansIn, secretsProviderOf, type StackExport } from "./deployment.ts";
import { sealTo } from "./key.ts";
import { ledgerOf } from "./ledger.ts";
import { allInventories, type LiveMachine, liveMachines } from "./live.ts";
import type { SealedSecrets } from "./sealed-secrets.ts";
import type { RecoverySet, StoredObject } from "./set.ts";
import { digestOf, type Source } from "./store/digest.ts";
import type { StackName } from "./store/layout.ts";
import type { Tool } from "./tool-files.ts";

/** A stack, as far as a set is made of it. */
export interface StackSource {
  name: StackName;
  projectFile: string;
  stackFile: string;
  /** The text of `pulumi stack export`. */
  exportState(secrets: "encrypted" | "plain"): Promise<string>;
  /** Secrets of the configuration in plain text, by key. */
  plainConfig(): Promise<Record<string, string>>;
  /** Of the provider `passphrase`, where it can be had without asking. */
  passphrase(): string | undefined;
}

export interface GatherOptions {
  source: StackSource;
  config: RecoveryConfig;
  after: RecoverySet["after"];
  by: string;
  now: Date;
  /** Newest sets of the stack that stores have. */
  earlier: readonly RecoverySet[];
  ask: (inventory: Inventory) => Promise<MachineReleases[]>;
  tools: () => Promise<Tool[]>;
  /** Of what is on AWS. */
  account: (stackText: string) => Promise<string | undefined>;
}

export interface Gathered {
  set: RecoverySet;
  /** Where the bytes of its objects are, by hash; not those that only a store has. */
  sources: Map<string, Source>;
  /** What is live and nobody has, for people. */
  missing: string[];
}

/** Bytes that become objects of the set. */
class Sources {
  readonly byHash = new Map<string, Source>();

  async add(source: Source): Promise<StoredObject> {
    const object = await digestOf(source);
    this.byHash.set(object.sha256, source);
    return object;
  }
}

export async function gather(options: GatherOptions): Promise<Gathered> {
  const { source, config, after, by, now, earlier } = options;
  const state = await source.exportState("encrypted");
  const plain = await source.exportState("plain");
  const about = exportSchema.parse(JSON.parse(plain));
  const sources = new Sources();
  const machines = await liveNow(about, options.ask);
  const at = now.toISOString();
  const cached = { release: cachedRelease, runtime: cachedRuntime, packages: cachedPackages };
  const { missing, ...ledger } = ledgerOf({ machines, earlier, ...cached, at, by });
  addCached(sources, ledger);
  const set: RecoverySet = {
    schema: 1,
    createdAt: at,
    by,
    after,
    ...source.name,
    secretsProvider: secretsProviderOf(about),
    ...(await awsOf(options, about)),
    ...(await stackRecords(source, { state, about }, sources)),
    ...ledger,
    tools: config.tools ? await toolRecords(await options.tools(), sources) : [],
    files: [...(await acmeFiles(sources)), ...(await sealedFiles(options, plain, about, sources))],
  };
  return { set, sources: sources.byHash, missing };
}

/** The state as it was exported, and the files that Pulumi reads. */
async function stackRecords(
  { projectFile, stackFile }: StackSource,
  { state, about }: { state: string; about: StackExport },
  sources: Sources,
): Promise<Pick<RecoverySet, "state" | "projectFile" | "stackFile">> {
  const file = (path: string): Promise<StoredObject> => sources.add({ bytes: readFileSync(path) });
  return {
    state: {
      object: await sources.add({ bytes: Buffer.from(state) }),
      at: changedAt(about),
      resources: about.deployment.resources?.length ?? 0,
    },
    ...(existsSync(projectFile) ? { projectFile: await file(projectFile) } : {}),
    stackFile: await file(stackFile),
  };
}

async function awsOf({ config, source, account: ask }: GatherOptions, about: StackExport): Promise<Pick<RecoverySet, "aws">> {
  const types = (about.deployment.resources ?? []).map(({ type }) => type);
  const { machines, store } = onAws(types, config.stores);
  const account = machines || store ? await ask(readFileSync(source.stackFile, "utf8")) : undefined;
  return account === undefined ? {} : { aws: { account, machines } };
}

async function liveNow(about: StackExport, ask: GatherOptions["ask"]): Promise<LiveMachine[]> {
  const plans = plansIn(about);
  const inventories = allInventories(inventoriesIn(about), plans);
  const all = await Promise.all(inventories.map(async (inventory) => liveMachines(inventory, plans, await ask(inventory))));
  return all.flat();
}

/** Archives of the ledger that are in the cache. */
function addCached(sources: Sources, { releases, runtimes }: Pick<RecoverySet, "releases" | "runtimes">): void {
  for (const archive of releases.flatMap(({ id }) => Object.values(cachedRelease(id))))
    sources.byHash.set(archive.sha256, { file: archive.path });
  for (const { id } of releases.flatMap(({ packages }) => Object.values(packages))) {
    const archive = cachedPackages(id);
    if (archive !== undefined) sources.byHash.set(archive.sha256, { file: archive.path });
  }
  for (const { id } of runtimes) {
    const archive = cachedRuntime(id);
    if (archive !== undefined) sources.byHash.set(archive.sha256, { file: archive.path });
  }
}

async function toolRecords(tools: readonly Tool[], sources: Sources): Promise<RecoverySet["tools"]> {
  return Promise.all(
    tools.map(async ({ file, ...tool }) => (file === undefined ? tool : { ...tool, archive: await sources.add({ file }) })),
  );
}

/** Of all accounts: they are small, and sealed by the account's key already. */
async function acmeFiles(sources: Sources): Promise<RecoverySet["files"]> {
  const folder = backupFolder(process.env, homedir());
  const names = existsSync(folder) ? (readdirSync(folder, { recursive: true }) as string[]).filter((name) => name.endsWith(".json")) : [];
  return Promise.all(
    names.map(async (name) => ({ kind: "acme" as const, name, object: await sources.add({ bytes: readFileSync(join(folder, name)) }) })),
  );
}

async function sealedFiles(options: GatherOptions, plain: string, about: StackExport, sources: Sources): Promise<RecoverySet["files"]> {
  const { config, source } = options;
  if (config.key === undefined) return [];
  const { recipient } = config.key;
  const sealed = async (kind: "secrets" | "own", name: string, bytes: Buffer) => ({
    kind,
    name,
    object: await sources.add({ bytes: await sealTo(recipient, bytes) }),
  });
  const secrets = await secretsOf(source, plain, secretsProviderOf(about));
  return [
    await sealed("secrets", "secrets.age", Buffer.from(JSON.stringify(secrets))),
    ...(await Promise.all(config.files.map((path) => sealed("own", path, readOwn(path))))),
  ];
}

function readOwn(path: string): Buffer {
  try {
    return readFileSync(expandHome(path));
  } catch (error) {
    throw new FleetError(`${path} (recovery.files) can't be read: ${(error as Error).message}`, {
      next: "bring it back, or take it out of fleetwright:recovery.files.",
    });
  }
}

/** With a passphrase at hand nothing else is needed; a KMS key can't be copied, so what it encrypts is. */
async function secretsOf(source: StackSource, plain: string, provider: string): Promise<SealedSecrets> {
  const passphrase = provider === "passphrase" ? source.passphrase() : undefined;
  if (passphrase !== undefined) return { schema: 1, ...source.name, passphrase };
  return { schema: 1, ...source.name, plainState: JSON.parse(plain), plainConfig: await source.plainConfig() };
}
