/**
 * The manifest of a group of machines: what all of them run. What is each machine's own (its name, its address, the key of its
 * secrets' versions) is decided on the machine, which makes its own manifest of it. Shared by both sides. Pure.
 */
import { httpsSchema, servesByAddress } from "./https.ts";
import { type Manifest, manifestSchema, sha256Schema } from "./manifest.ts";
import { secretReferenceSchema } from "./secret-references.ts";
import { secretNameSchema, secretSchema, type SecretValues, secretVersion } from "./secrets.ts";
import * as z from "./zod.ts";

const bytes = z.int().check(z.positive());

/** Where values are that the group's own program has stored. */
const storedSchema = z.strictObject({
  /** Of the secret in Secrets Manager that holds all of them, as JSON. */
  arn: z.string().check(z.regex(/^arn:aws[a-z-]*:secretsmanager:[^"\s]+$/, "the ARN of a secret")),
  /** One version of it: a release has its own values, also when it is gone back to. */
  versionId: z.string().check(z.regex(/^[A-Za-z0-9-]+$/, "the id of a version")),
});

const groupSecretsSchema = z.strictObject({
  stored: z.optional(storedSchema),
  /** Those that are kept elsewhere, by name. */
  references: z.record(secretNameSchema, secretReferenceSchema),
  /** All, by name. */
  as: z.record(secretNameSchema, secretSchema.shape.as),
});
export type GroupSecrets = z.infer<typeof groupSecretsSchema>;

/** The boot script, which has no parser of JSON, reads `runtime` and `release`: in this order, and without white space. */
export const groupManifestSchema = z.strictObject({
  schema: z.literal(1),
  /** The runtime bundle, and its archive. */
  runtime: z.strictObject({ id: sha256Schema, sha256: sha256Schema, bytes }),
  /** The release's archive. */
  release: z.strictObject({ sha256: sha256Schema, bytes }),
  secrets: z.optional(groupSecretsSchema),
  /** A manifest without the above, and without a machine's own parts; whole, it is checked as any other. */
  common: z.looseObject({
    https: z.looseObject({ mode: httpsSchema.shape.mode, names: z.array(z.string()) }),
    app: z.looseObject({ release: z.looseObject({}) }),
  }),
});
export type GroupManifest = z.infer<typeof groupManifestSchema>;

/** Takes out what each machine says for itself. @param manifest of any one of the group's machines */
export function groupManifest(
  { machine: _machine, runtime: id, ...manifest }: Manifest,
  runtimeArchive: { sha256: string; bytes: number },
  secrets: GroupSecrets | undefined,
): GroupManifest {
  const names = manifest.https.names.slice(servesByAddress(manifest.https.mode) ? 1 : 0);
  const { secrets: _versions, ...app } = manifest.app;
  const { archive, ...release } = app.release;
  return {
    schema: 1,
    runtime: { id, sha256: runtimeArchive.sha256, bytes: runtimeArchive.bytes },
    release: { sha256: archive.sha256, bytes: archive.bytes },
    ...(secrets === undefined ? {} : { secrets }),
    common: { ...manifest, app: { ...app, release }, https: { ...manifest.https, names } },
  };
}

export interface GroupMember {
  /** Its own; of a machine without one, the instance's id. */
  name: string;
  /** The first of its certificate's names, where it serves by it. */
  address: string;
  /** Of the versions of its secrets. */
  secretKey: string;
  values: SecretValues;
}

/** One machine's own manifest. @throws ZodError when it isn't one */
export function memberManifest(group: GroupManifest, { name, address, secretKey, values }: GroupMember): Manifest {
  const { runtime, release, common } = group;
  const { mode, names } = common.https;
  const versions = Object.entries(group.secrets?.as ?? {}).map(([key, as]) => [
    key,
    { as, version: secretVersion(secretKey, key, values[key] ?? "") },
  ]);
  return manifestSchema.parse({
    ...common,
    machine: name,
    runtime: runtime.id,
    https: { ...common.https, names: servesByAddress(mode) ? [address, ...names] : names },
    app: {
      ...common.app,
      release: { ...common.app.release, archive: release },
      secrets: versions.length === 0 ? undefined : Object.fromEntries(versions),
    },
  });
}
