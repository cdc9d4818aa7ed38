/** Writes `fleetwright:recovery` into a stack's file as a person would: comments and order stay. Pure. */
import { parseDocument } from "yaml";
import type { WrappedKey } from "../../recovery/key.ts";

const PATH = ["config", "fleetwright:recovery"];

export function withRecovery(text: string, { stores, key }: { stores?: readonly string[]; key?: WrappedKey }): string {
  const document = parseDocument(text === "" ? "{}" : text);
  if (text === "") document.contents = document.createNode({}) as typeof document.contents;
  if (!document.hasIn(PATH)) document.setIn(PATH, document.createNode({}));
  if (stores !== undefined) document.setIn([...PATH, "stores"], document.createNode([...stores]));
  if (key !== undefined) document.setIn([...PATH, "key"], document.createNode({ recipient: key.recipient, wrapped: key.wrapped }));
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}
