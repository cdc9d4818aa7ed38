/**
 * The properties of `@pulumi/command` 1.2.1, as its published schema has them; everything else here reads this table.
 * Source: https://github.com/pulumi/pulumi-command/blob/v1.2.1/provider/cmd/pulumi-resource-command/schema.json
 */
export const version = "1.2.1";

type Kind =
  | "string"
  | "boolean"
  | "integer"
  | "number"
  | "strings"
  | "stringMap"
  | "anything"
  | "logging"
  | "source"
  | "assets"
  | "archive"
  | "connection"
  | "proxy";

export interface Field {
  kind: Kind;
  required?: true;
  /** Encrypted in the state whether or not the program marked it. */
  secret?: true;
  /** A change replaces the resource. */
  replaces?: true;
  default?: string | number;
}

export type Fields = Record<string, Field>;

export interface ResourceSchema {
  inputs: Fields;
  /** What there is beside the inputs, which are outputs too. */
  outputs: Fields;
  /** Has no update: every change replaces it. */
  replaceOnly?: true;
  deprecated?: string;
}

const text: Field = { kind: "string" };
const requiredText: Field = { kind: "string", required: true };
const secretText: Field = { kind: "string", secret: true };

const proxy: Fields = {
  agentSocketPath: text,
  dialErrorLimit: { kind: "integer", default: 10 },
  host: requiredText,
  hostKey: text,
  password: secretText,
  perDialTimeout: { kind: "integer", default: 15 },
  port: { kind: "number", default: 22 },
  privateKey: secretText,
  privateKeyPassword: secretText,
  user: { kind: "string", default: "root" },
};

/** Objects inside properties. */
export const nested: Record<"connection" | "proxy", Fields> = {
  connection: { ...proxy, proxy: { kind: "proxy" } },
  proxy,
};

export const loggingValues = ["stdout", "stderr", "stdoutAndStderr", "none"];

const triggers: Field = { kind: "anything", replaces: true };
const connection: Field = { kind: "connection", required: true, secret: true };
const lifecycle: Fields = { create: text, update: text, delete: text, triggers };
const anyCommand: Fields = {
  addPreviousOutputInEnv: { kind: "boolean" },
  environment: { kind: "stringMap" },
  logging: { kind: "logging" },
  stdin: text,
};
const localCommand: Fields = {
  ...anyCommand,
  archivePaths: { kind: "strings" },
  assetPaths: { kind: "strings" },
  dir: text,
  interpreter: { kind: "strings" },
};
const streams: Fields = { stdout: requiredText, stderr: requiredText };
const collected: Fields = { assets: { kind: "assets" }, archive: { kind: "archive" } };

export const resources: Record<string, ResourceSchema> = {
  "command:local:Command": { inputs: { ...lifecycle, ...localCommand }, outputs: { ...streams, ...collected } },
  "command:remote:Command": { inputs: { ...lifecycle, ...anyCommand, connection }, outputs: streams },
  "command:remote:CopyToRemote": {
    inputs: { connection, remotePath: requiredText, source: { kind: "source", required: true }, triggers },
    outputs: {},
  },
  "command:remote:CopyFile": {
    inputs: { connection, localPath: requiredText, remotePath: requiredText, triggers: { kind: "anything" } },
    outputs: {},
    replaceOnly: true,
    deprecated: "Use the `CopyToRemote` resource instead.",
  },
};

/** The inputs of the function `command:local:run`; its outputs are these, the streams and what was collected. */
export const runInputs: Fields = { ...localCommand, command: requiredText };
export const runOutputs: Fields = { ...runInputs, ...streams, ...collected };
