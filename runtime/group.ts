/**
 * The manifest of a group of machines: what all of them run. What is each machine's own (its name, its address, the key of its
 * secrets' versions) is decided on the machine, which makes its own manifest of it. Shared by both sides. Pure.
 */
import { type Manifest, manifestSchema, sha256Schema } from "./manifest.ts";
import { secretNameSchema, secretSchema, type SecretValues, secretVersion } from "./secrets.ts";
import * as z from "./zod.ts";

const storedSecretsSchema = z.strictObject({
  /** Of the secret in Secrets Manager that holds all values, as JSON. */
  arn: z.string().check(z.regex(/^arn:aws[a-z-]*:secretsmanager:/, "the ARN of a secret")),
  /** One version of it: a release has its own values, also when it is gone back to. */
  versionId: z.string().check(z.minLength(1)),
  as: z.record(secretNameSchema, secretSchema.shape.as),
});

export const groupManifestSchema = z.strictObject({
  schema: z.literal(1),
  /** The runtime bundle's archive; the release's is in the manifest. */
  runtimeArchive: z.strictObject({ sha256: sha256Schema, bytes: z.int().check(z.positive()) }),
  /** A manifest without a machine's own parts; whole, it is checked as any other. */
  common: z.looseObject({ https: z.looseObject({ names: z.array(z.string()) }), app: z.looseObject({}) }),
  secrets: z.optional(storedSecretsSchema),
});
export type GroupManifest = z.infer<typeof groupManifestSchema>;

/** Takes out what each machine says for itself. @param manifest of any one of the group's machines */
export function groupManifest(
  { machine: _machine, ...manifest }: Manifest,
  runtimeArchive: GroupManifest["runtimeArchive"],
  secrets: GroupManifest["secrets"],
): GroupManifest {
  const [_address, ...names] = manifest.https.names;
  const { secrets: _versions, ...app } = manifest.app;
  return { schema: 1, runtimeArchive, common: { ...manifest, app, https: { ...manifest.https, names } }, secrets };
}

export interface GroupMember {
  /** The instance's id. */
  name: string;
  /** The first of its certificate's names. */
  address: string;
  /** Of the versions of its secrets. */
  secretKey: string;
  values: SecretValues;
}

/** One machine's own manifest. @throws ZodError when it isn't one */
export function memberManifest({ common, secrets }: GroupManifest, { name, address, secretKey, values }: GroupMember): Manifest {
  const versions = Object.entries(secrets?.as ?? {}).map(([key, as]) => [key, { as, version: secretVersion(secretKey, key, values[key] ?? "") }]);
  return manifestSchema.parse({
    ...common,
    machine: name,
    https: { ...common.https, names: [address, ...common.https.names] },
    app: { ...common.app, secrets: versions.length === 0 ? undefined : Object.fromEntries(versions) },
  });
}
