/** The table of `schema.ts` in Pulumi's package-schema language, for `pulumi package get-schema` and YAML programs. */
import { type Field, type Fields, loggingValues, nested, resources, runInputs, runOutputs, version } from "./schema.ts";

type Json = Record<string, unknown>;

const strings = { type: "array", items: { type: "string" } };

function typeOf(kind: Field["kind"]): Json {
  switch (kind) {
    case "strings":
      return strings;
    case "stringMap":
      return { type: "object", additionalProperties: { type: "string" } };
    case "anything":
      return { type: "array", items: { $ref: "pulumi.json#/Any" } };
    case "assets":
      return { type: "object", additionalProperties: { $ref: "pulumi.json#/Asset" } };
    case "source":
      return { $ref: "pulumi.json#/Asset" };
    case "archive":
      return { $ref: "pulumi.json#/Archive" };
    case "logging":
      return { $ref: "#/types/command:local:Logging" };
    case "connection":
      return { $ref: "#/types/command:remote:Connection" };
    case "proxy":
      return { $ref: "#/types/command:remote:ProxyConnection" };
    default:
      return { type: kind };
  }
}

function property(field: Field): Json {
  return {
    ...typeOf(field.kind),
    ...(field.secret && { secret: true }),
    ...(field.replaces && { replaceOnChanges: true }),
    ...(field.default !== undefined && { default: field.default }),
  };
}

const properties = (fields: Fields): Json => Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, property(field)]));

const required = (fields: Fields): string[] => Object.keys(fields).filter((name) => fields[name]?.required);

const object = (fields: Fields): Json => ({ type: "object", properties: properties(fields), required: required(fields) });

/** The whole package's schema as JSON text. */
export function packageSchema(): string {
  const logging = { type: "string", enum: loggingValues.map((value) => ({ name: value, value })) };
  const entries = Object.entries(resources).map(([token, { inputs, outputs, deprecated }]) => [
    token,
    {
      properties: properties({ ...inputs, ...outputs }),
      required: required({ ...inputs, ...outputs }),
      inputProperties: properties(inputs),
      requiredInputs: required(inputs),
      ...(deprecated !== undefined && { deprecationMessage: deprecated }),
    },
  ]);
  return JSON.stringify({
    name: "command",
    version,
    description: "A stand-in for Pulumi's command provider, used where that one cannot be downloaded.",
    types: {
      "command:local:Logging": logging,
      "command:remote:Logging": logging,
      "command:remote:Connection": object(nested.connection),
      "command:remote:ProxyConnection": object(nested.proxy),
    },
    resources: Object.fromEntries(entries),
    functions: { "command:local:run": { inputs: object(runInputs), outputs: object(runOutputs) } },
  });
}
