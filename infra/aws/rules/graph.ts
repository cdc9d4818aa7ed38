/** Resources as the rules see them: from a program under mocks, from a preview, or out of `pulumi stack export`. */

export interface GraphResource {
  /** Pulumi's type, for example `aws:ec2/instance:Instance`. */
  type: string;
  name: string;
  /** The provider's id, where the resource has one. */
  id?: string | undefined;
  inputs: Readonly<Record<string, unknown>>;
}

export interface GraphFinding {
  rule: string;
  /** Type and name of the resource. */
  resource: string;
  /** What is wrong, with the mend. */
  message: string;
}

export type Rule = (resources: readonly GraphResource[]) => GraphFinding[];

type Problem = string | undefined | readonly string[];

/** A rule that looks at each resource by itself. */
export function each(rule: string, problemOf: (resource: GraphResource, all: readonly GraphResource[]) => Problem): Rule {
  return (resources) =>
    resources.flatMap((resource) =>
      [problemOf(resource, resources) ?? []].flat().map((message) => ({ rule, resource: `${resource.type} ${resource.name}`, message })),
    );
}

/** Pulumi's mark of a secret, in a program's inputs and in an exported stack alike. */
const MARK = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

export function isSecret(value: unknown): boolean {
  return typeof value === "object" && value !== null && (value as Record<string, unknown>)[MARK] === SECRET;
}

/** The value under the mark of a secret, where it is readable. */
export function revealed(value: unknown): unknown {
  return isSecret(value) ? (value as { value?: unknown }).value : value;
}

/** Every text in a value with the keys that lead to it; not what is marked as a secret. */
export function texts(value: unknown, path: readonly string[] = []): { path: readonly string[]; text: string }[] {
  if (typeof value === "string") return [{ path, text: value }];
  if (typeof value !== "object" || value === null || isSecret(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => texts(inner, [...path, key]));
}

/** A value that may be one or many. */
export function many(value: unknown): unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

/** A group of keys, whatever was given. */
export function group(value: unknown): Record<string, unknown> {
  const inner = revealed(value);
  return typeof inner === "object" && inner !== null && !Array.isArray(inner) ? (inner as Record<string, unknown>) : {};
}

/** Whether a setting is on: AWS's provider takes some as text. */
export const isOn = (value: unknown): boolean => value === true || value === "true";
