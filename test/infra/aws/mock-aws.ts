/** A program's whole resource graph, under Pulumi's mocks. */
import * as pulumi from "@pulumi/pulumi";
import { MockMonitor } from "@pulumi/pulumi/runtime/mocks.js";
import type { GraphResource } from "../../../infra/aws/rules/graph.ts";
import { answerOf } from "./mock-answers.ts";
import { groupOutputs } from "./mock-group.ts";

export interface MockOptions {
  /** Whether it is a preview, in which nothing is known that AWS decides. @default false */
  preview?: boolean;
  /** @default "prod" */
  stack?: string;
  /** What AWS answers to a question, in place of the usual; by the function's token. */
  answers?: Record<string, (inputs: Record<string, unknown>) => object | Promise<object>>;
  /** More outputs of resources, by their type. */
  outputs?: Record<string, object>;
}

/** A resource, and whether Pulumi refuses to remove it. */
export type MadeResource = GraphResource & { protect?: true };

let made: MadeResource[] = [];
let options: MockOptions = {};
const kept = new Set<string>();
const ignoring = new Map<string, string[]>();

// The mocks' own callback isn't told the options of a resource.
const { registerResource } = MockMonitor.prototype;
MockMonitor.prototype.registerResource = function (request, callback) {
  if (request.getProtect()) kept.add(`${request.getType()} ${request.getName()}`);
  const ignored = request.getIgnorechangesList();
  if (ignored.length > 0) ignoring.set(`${request.getType()} ${request.getName()}`, ignored);
  return registerResource.call(this, request, callback);
};

/** Whatever the program makes from now on is made by mocks. */
export async function mockAws(given: MockOptions = {}): Promise<void> {
  options = given;
  await pulumi.runtime.setMocks({ call, newResource }, "shop", given.stack ?? "prod", options.preview);
}

async function call({ token, inputs }: pulumi.runtime.MockCallArgs): Promise<Record<string, unknown>> {
  const answer = options.answers?.[token] ?? ((given: Record<string, unknown>) => answerOf(token, given));
  try {
    return { ...(await answer(inputs)) };
  } catch (error) {
    // Where gRPC has the words of an engine's error.
    throw Object.assign(error as Error, { details: (error as Error).message });
  }
}

function newResource({ type, name, inputs }: pulumi.runtime.MockResourceArgs) {
  const id = `<${type.split(":").at(-1)} ${name}>`;
  if (!type.startsWith("test:")) made.push({ type, name, id, inputs, ...(kept.has(`${type} ${name}`) ? { protect: true } : {}) });
  return { id, state: options.preview === true ? inputs : { ...inputs, ...outputsOf(type, name, id), ...options.outputs?.[type] } };
}

/** What AWS would decide. */
function outputsOf(type: string, name: string, id: string): Record<string, unknown> {
  if (type.startsWith("aws:iam/")) return { name: id, arn: `arn:aws:iam::111122223333:role/${id}` };
  if (type === "aws:sns/topic:Topic" || type === "aws:cloudwatch/logGroup:LogGroup") return { arn: id };
  if (type === "aws:ec2/keyPair:KeyPair") return { keyName: id };
  if (type === "aws:ec2/eip:Eip") return { allocationId: id, publicIp: `<public IP of ${name}>` };
  if (type === "aws:ec2/instance:Instance") return { publicIp: `<public IP of instance ${name}>`, privateIp: `<private IP of ${name}>` };
  return groupOutputs(type, name, id);
}

/** Inputs of a resource whose changes are passed over. */
export const ignoredOf = ({ type, name }: GraphResource): string[] => ignoring.get(`${type} ${name}`) ?? [];

/** How much was made so far. */
export const madeCount = (): number => made.length;

/** What a program makes, sorted, once all of it is known. @throws what the program throws */
export async function graphOf(program: (parent: pulumi.ComponentResource) => void): Promise<MadeResource[]> {
  made = [];
  kept.clear();
  program(new pulumi.ComponentResource("test:Fleet", "web"));
  await pulumi.runtime.disconnect();
  const order = ({ type, name }: GraphResource) => `${type} ${name}`;
  return made.toSorted((a, b) => (order(a) < order(b) ? -1 : 1));
}
