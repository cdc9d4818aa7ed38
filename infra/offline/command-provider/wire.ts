/**
 * How the engine writes values that are more than JSON: objects with a signature key.
 * The signatures are Pulumi's (sdk/go/common/resource/sig and .../plugin/rpc.go).
 */
export type Wire = null | boolean | number | string | Wire[] | { [key: string]: Wire };
export type WireMap = { [key: string]: Wire };

const signature = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";
const assetSignature = "c44067f5952c0a294b673a41bacd8c17";
const archiveSignature = "0def7320c3a5731c473e5ecbe6d01bc7";

/** A string that isn't known before the update has run. */
export const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const unknowns = new Set([
  unknown,
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7", // boolean
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421", // number
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2", // array
  "030794c1-ac77-496b-92df-f27374a8bd58", // asset
  "e48ece36-62e2-4504-bad9-02848725956a", // archive
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff", // object
]);

/** A text, a local file, or something fetched. `hash` is the engine's sha256. */
export interface Asset {
  text?: string;
  path?: string;
  uri?: string;
  hash?: string;
}

/** A local folder or archive file, something fetched, or entries by path. */
export interface Archive {
  path?: string;
  uri?: string;
  assets?: Record<string, Source>;
  hash?: string;
}

export type Source = { asset: Asset } | { archive: Archive };

export const isUnknown = (value: Wire | undefined): boolean => typeof value === "string" && unknowns.has(value);

export const isMap = (value: Wire | undefined): value is WireMap => typeof value === "object" && value !== null && !Array.isArray(value);

export const isSecret = (value: Wire | undefined): value is WireMap => signed(value, secretSignature);

const signed = (value: Wire | undefined, kind: string): value is WireMap => isMap(value) && value[signature] === kind;

/** Marks a value as secret: the engine encrypts it in the state and masks it in output. */
export const secret = (value: Wire): Wire => (isSecret(value) ? value : { [signature]: secretSignature, value });

/** The value inside a secret; any other value as it is. */
export const open = (value: Wire | undefined): Wire | undefined => (isSecret(value) ? open(value["value"]) : value);

/** Takes off every mark of secrecy, at all depths; for the commands themselves, never for what goes back to the engine. */
export function reveal(value: Wire): Wire {
  const opened = open(value) ?? null;
  if (Array.isArray(opened)) return opened.map(reveal);
  if (!isMap(opened)) return opened;
  return Object.fromEntries(Object.entries(opened).map(([key, entry]) => [key, reveal(entry)]));
}

export const isSource = (value: Wire | undefined): value is WireMap => signed(value, assetSignature) || signed(value, archiveSignature);

/** Reads an asset or archive; undefined when the value is neither. */
export function source(value: Wire | undefined): Source | undefined {
  const opened = open(value);
  if (signed(opened, assetSignature)) return { asset: opened as Asset };
  if (!signed(opened, archiveSignature)) return undefined;
  if (!isMap(opened["assets"])) return { archive: opened as Archive };
  const entries = Object.entries(opened["assets"]).map(([name, entry]) => [name, source(entry)]);
  return { archive: { assets: Object.fromEntries(entries) as Record<string, Source> } };
}

export const fileAsset = (path: string, hash: string): Wire => ({ [signature]: assetSignature, path, hash });

export const archiveOf = (assets: WireMap): Wire => ({ [signature]: archiveSignature, assets });
