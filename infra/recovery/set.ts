/**
 * A recovery set: everything that a fleet needs to come back from nothing, as of one moment, by the hashes of what is in the store.
 * Plain JSON, so that a person can follow it with `cat` and `sha256sum`.
 */
import { z } from "zod";
import { commandSchema, sha256Schema } from "../../runtime/manifest.ts";

const instant = z.iso.datetime();
const plainName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, "letters, digits, dots, dashes and underscores");

/** Bytes in the store, `objects/<first two digits>/<sha256>`. */
export const objectSchema = z.strictObject({ sha256: sha256Schema, bytes: z.int().min(0) });
export type StoredObject = z.infer<typeof objectSchema>;

const fileSchema = z.strictObject({
  /**
   * `secrets`: what `sealed-secrets.ts` describes, encrypted to the stack's recovery key. `acme`: a machine's certificates, sealed by
   * the fleet's ACME account already; its name is its path below `acme/` in the operator's data folder. `own`: a file that
   * `recovery.files` names, encrypted to the recovery key; its name is the path as it was given.
   */
  kind: z.enum(["secrets", "acme", "own"]),
  name: z.string().min(1),
  object: objectSchema,
});

/** One release of one fleet, with its archive for each kind of machine. */
const releaseSchema = z.strictObject({
  fleet: z.string(),
  app: z.string(),
  /** Hash of its inputs, as in a manifest. */
  id: sha256Schema,
  /** How its workers are started: so that it can run where the app's folder is gone. */
  command: commandSchema,
  /** When it was first put by, who did, and after what. */
  at: instant,
  by: z.string(),
  /** By target, such as "x64-py3.13" or "x64"; see `targetKey`. */
  archives: z.record(z.string(), objectSchema),
  /** Its packages, by target, where they are sent apart from the code. */
  packages: z.record(z.string(), z.strictObject({ id: sha256Schema, archive: objectSchema })).default({}),
});
export type ReleaseRecord = z.infer<typeof releaseSchema>;

const runtimeSchema = z.strictObject({ id: sha256Schema, arch: z.enum(["x64", "arm64"]), archive: objectSchema });
export type RuntimeRecord = z.infer<typeof runtimeSchema>;

const loginShape = { host: z.string(), port: z.int(), user: z.string(), hostKey: z.string(), privateKeyFile: z.string().optional() };

/** What a machine ran when the set was made, and the way to it: for those that are still there. */
const machineSchema = z.strictObject({
  fleet: z.string(),
  name: z.string(),
  address: z.string(),
  transport: z.strictObject({
    kind: z.literal("ssh"),
    ...loginShape,
    bastion: z.strictObject(loginShape).optional(),
    tunnel: z.strictObject({ instanceId: z.string(), region: z.string(), profile: z.string().optional() }).optional(),
  }),
  release: sha256Schema,
  runtime: sha256Schema,
  target: z.string(),
});
export type MachineRecord = z.infer<typeof machineSchema>;

export const recoverySetSchema = z.strictObject({
  schema: z.literal(1),
  createdAt: instant,
  by: z.string(),
  /** What was done before: `up`, `local`, `rollback`, or `push` by hand. */
  after: z.enum(["up", "local", "rollback", "push"]),
  project: plainName,
  stack: plainName,
  /** `passphrase`, or the KMS key's URL without its query. */
  secretsProvider: z.string(),
  /** The account, where the machines or a store are on AWS. */
  aws: z.strictObject({ account: z.string().regex(/^\d{12}$/), machines: z.boolean() }).optional(),
  /** `pulumi stack export`: secrets in it are encrypted by the stack's secrets provider. */
  state: z.strictObject({ object: objectSchema, at: instant, resources: z.int() }),
  /** `Pulumi.yaml` and `Pulumi.<stack>.yaml`: the configuration, with the salt or the encrypted key. */
  projectFile: objectSchema.optional(),
  stackFile: objectSchema,
  /** What is live, by fleet; its record is in `releases`. */
  live: z.record(z.string(), sha256Schema),
  /** The ledger, newest first. */
  releases: z.array(releaseSchema),
  runtimes: z.array(runtimeSchema),
  machines: z.array(machineSchema),
  /**
   * Programs that the rebuild needs on the operator's computer, with an archive where no registry shall be needed:
   * `pulumi`, the raw executable; `packages`, a tar.gz of what is in `node_modules` (version: sha256 of package-lock.json);
   * `image-trixie` and the like, a tar.gz of a local machine's system (version: its folder in the cache). Others only by version.
   */
  tools: z.array(
    z.strictObject({
      name: z.string(),
      version: z.string(),
      /** Such as "linux-x64"; not there where it runs anywhere. */
      platform: z.string().optional(),
      archive: objectSchema.optional(),
    }),
  ),
  files: z.array(fileSchema),
});
export type RecoverySet = z.infer<typeof recoverySetSchema>;

/** A set with its name in the store. */
export interface NamedSet {
  /** `<time>-<first 16 digits of the file's sha256>`: sorts by time, and says whether the file is whole. */
  id: string;
  set: RecoverySet;
}

/** A release's archives, of its code and of its packages. Pure. */
export function archivesOf({ archives, packages }: Pick<ReleaseRecord, "archives" | "packages">): StoredObject[] {
  return [...Object.values(archives), ...Object.values(packages).map(({ archive }) => archive)];
}

/** Every object that a set names, once each. Pure. */
export function objectsOf(set: RecoverySet): StoredObject[] {
  const all = [
    set.state.object,
    set.stackFile,
    ...(set.projectFile === undefined ? [] : [set.projectFile]),
    ...set.releases.flatMap(archivesOf),
    ...set.runtimes.map(({ archive }) => archive),
    ...set.tools.flatMap(({ archive }) => (archive === undefined ? [] : [archive])),
    ...set.files.map(({ object }) => object),
  ];
  return [...new Map(all.map((object) => [object.sha256, object])).values()];
}
