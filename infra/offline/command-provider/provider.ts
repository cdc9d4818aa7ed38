/** The provider's answers, value in and value out: preview, secrets and outputs are decided here. */
import { randomBytes } from "node:crypto";
import { check, type Failure } from "./check.ts";
import type { Context } from "./context.ts";
import { type Difference, differences } from "./diff.ts";
import { local, operations } from "./resources.ts";
import { type ResourceSchema, resources, runInputs } from "./schema.ts";
import { reveal, unknown, type WireMap } from "./wire.ts";

type Run = <T>(operation: (context: Context) => Promise<T>) => Promise<T>;

/** The type in a URN: `urn:pulumi:STACK::PROJECT::PARENTTYPE$TYPE::NAME`. */
const typeOf = (urn: string): string => urn.split("::")[2]?.split("$").at(-1) ?? "";
const nameOf = (urn: string): string => urn.split("::").slice(3).join("::");

function schemaOf(urn: string): ResourceSchema {
  const schema = resources[typeOf(urn)];
  if (schema === undefined) throw new Error(`unknown resource type ${typeOf(urn)}`);
  return schema;
}

const operationsOf = (urn: string) => {
  schemaOf(urn);
  return operations[typeOf(urn)]!;
};

export const checkResource = (urn: string, news: WireMap): { inputs: WireMap; failures: Failure[] } => check(schemaOf(urn).inputs, news);

export const diffResource = (urn: string, olds: WireMap, news: WireMap, ignored: string[]): Difference[] =>
  differences(schemaOf(urn), olds, news, ignored);

/** The inputs that are in a resource's state, for an engine that sends only the state. */
export const inputsIn = (urn: string, state: WireMap): WireMap =>
  Object.fromEntries(Object.entries(state).filter(([key]) => key in schemaOf(urn).inputs));

/** Inputs are outputs too, secrets marked as they came; what a command writes is plain, as in the official provider. */
export async function createResource(urn: string, inputs: WireMap, preview: boolean, run: Run): Promise<{ id: string; outputs: WireMap }> {
  if (preview) return { id: "", outputs: { ...inputs, ...unknownOutputs(urn) } };
  const made = await run((context) => operationsOf(urn).create(reveal(inputs) as WireMap, context));
  const isCommand = typeOf(urn).endsWith(":Command");
  const id = `${isCommand ? nameOf(urn) : ""}${randomBytes(4).toString("hex")}`;
  return { id, outputs: { ...inputs, ...made } };
}

export async function updateResource(urn: string, inputs: WireMap, state: WireMap, preview: boolean, run: Run): Promise<WireMap> {
  if (preview) return { ...inputs, ...unknownOutputs(urn) };
  const made = await run((context) => operationsOf(urn).update(reveal(inputs) as WireMap, reveal(state) as WireMap, context));
  return { ...inputs, ...made };
}

export const deleteResource = (urn: string, state: WireMap, run: Run): Promise<void> =>
  run((context) => operationsOf(urn).delete(reveal(state) as WireMap, context));

const unknownOutputs = (urn: string): WireMap =>
  Object.fromEntries(Object.entries(schemaOf(urn).outputs).flatMap(([key, { required }]) => (required ? [[key, unknown]] : [])));

/** `local.run`: runs on every preview and update. */
export async function invoke(token: string, given: WireMap, run: Run): Promise<{ outputs: WireMap; failures: Failure[] }> {
  if (token !== "command:local:run") throw new Error(`unknown function ${token}`);
  const { inputs, failures } = check(runInputs, given);
  if (failures.length > 0) return { outputs: {}, failures };
  const values = reveal(inputs) as WireMap;
  const made = await run((context) => local(String(values["command"]), values, {}, context));
  return { outputs: { ...inputs, ...made }, failures: [] };
}
