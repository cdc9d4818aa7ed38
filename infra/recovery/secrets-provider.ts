/** What encrypts a stack's secrets, in the stack's file and in its state: read, taken out, and put in place of another. Pure. */
import { isDeepStrictEqual } from "node:util";
import { parse, parseDocument, Scalar, visit } from "yaml";
import { FleetError } from "../errors.ts";

/** Pulumi's own keys of a stack's file: sdk/go/common/workspace/project.go, ProjectStack. */
interface StackFile {
  secretsprovider?: string;
  encryptedkey?: string;
  encryptionsalt?: string;
  config?: Record<string, unknown>;
}

const PROVIDER_KEYS = ["secretsprovider", "encryptedkey", "encryptionsalt"];

const fileOf = (text: string): StackFile => (parse(text) as StackFile | null) ?? {};

/**
 * As the stack's file has it: with the query of a KMS key's URL. Pulumi makes a new data key where it is told another URL than the
 * file's, and nothing opens with that.
 * @param otherwise what to take where the file says nothing
 */
export function providerOf(text: string, otherwise: string): string {
  const { secretsprovider, encryptionsalt } = fileOf(text);
  if (secretsprovider !== undefined && secretsprovider !== "default") return secretsprovider;
  return encryptionsalt === undefined ? otherwise : "passphrase";
}

/** The same file without anything that its provider has encrypted. */
export function withoutProvider(text: string): string {
  const document = parseDocument(text);
  for (const key of PROVIDER_KEYS) document.delete(key);
  visit(document, {
    Map: (_key, node) => (node.items.length === 1 && node.has("secure") ? new Scalar("") : undefined),
  });
  return document.toString({ lineWidth: 0 });
}

/** A secret of the configuration. */
export interface ConfigSecret {
  /** For `pulumi config set --path`. */
  path: string;
  value: string;
}

/**
 * The secrets of a stack's file, with their values.
 * @param plainConfig values of the keys that have secrets, as `pulumi config --show-secrets --json` writes them
 * @throws FleetError when one is missing there
 */
export function configSecrets(text: string, plainConfig: Record<string, string>): ConfigSecret[] {
  return Object.entries(fileOf(text).config ?? {}).flatMap(([key, value]) => {
    const paths = securePaths(value);
    const [first] = paths;
    if (first === undefined) return [];
    const plain = plainConfig[key];
    // A key whose value is one secret has it as it is; one with secrets in it, as JSON.
    const whole: unknown = plain === undefined || first.length === 0 ? plain : JSON.parse(plain);
    return paths.map((path) => ({ path: pathText([key, ...path]), value: valueAt(whole, path, key) }));
  });
}

type Path = readonly (string | number)[];

function securePaths(value: unknown, path: Path = []): Path[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => securePaths(item, [...path, index]));
  if (typeof value !== "object" || value === null) return [];
  const entries = Object.entries(value);
  if (entries.length === 1 && entries[0]?.[0] === "secure") return [path];
  return entries.flatMap(([name, item]) => securePaths(item, [...path, name]));
}

/** https://www.pulumi.com/docs/iac/concepts/config/#structured-configuration: names with signs in brackets and quotes. */
function pathText([key = "", ...path]: Path): string {
  const words = path.map((part) => {
    if (typeof part === "number") return `[${part}]`;
    return /^[\w-]+$/.test(part) ? `.${part}` : `["${part.replaceAll('"', String.raw`\"`)}"]`;
  });
  return `${key}${words.join("")}`;
}

function valueAt(whole: unknown, path: Path, key: string): string {
  const found = path.reduce<unknown>((value, part) => (value as Record<string | number, unknown> | undefined)?.[part], whole);
  if (typeof found === "string") return found;
  throw new FleetError(`what is sealed in the store lacks a secret of the configuration: ${pathText([key, ...path])}.`, {
    kept: "everything; no machine was touched.",
    next: "take another set: --set ID",
  });
}

/**
 * A state in plain text (`pulumi stack export --show-secrets`), so that an import encrypts it by the provider of a stack's file.
 * Pulumi asks the provider that the state names, also where nothing is encrypted by it; without any it doesn't import secrets.
 */
export function stateUnder(plainState: unknown, text: string): unknown {
  const { secretsprovider: url, encryptedkey, encryptionsalt: salt } = fileOf(text);
  const provider = salt === undefined ? { type: "cloud", state: { url, encryptedkey } } : { type: "passphrase", state: { salt } };
  const { deployment, ...rest } = plainState as { deployment: Record<string, unknown> };
  return { ...rest, deployment: { ...deployment, secrets_providers: provider } };
}

/** Whether two stacks' files are the same but for what encrypts them. */
export function sameUnderAnother(a: string, b: string): boolean {
  const [secretsA, secretsB] = [a, b].map((text) => securePaths(fileOf(text).config));
  return isDeepStrictEqual(secretsA, secretsB) && isDeepStrictEqual(parse(withoutProvider(a)), parse(withoutProvider(b)));
}
