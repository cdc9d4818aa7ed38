/**
 * Previews each of what is refused by the real engine, and prints how it went, a line of JSON each. A process of its own: a program that
 * was refused leaves promises behind that nobody awaits.
 */
import type { EngineEvent, Stack } from "@pulumi/pulumi/automation/index.js";
import type { FleetArgs } from "../../../infra/args.ts";
import { Fleet } from "../../../infra/fleet.ts";
import { withAwsStack } from "../../support/aws-provider/stack.ts";
import { refused, unoffered } from "./refused-cases.ts";

export interface Previewed {
  what: string;
  failed: boolean;
  said: string;
  /** Types of what would have been made. */
  made: string[];
}

async function preview(stack: Stack, what: string, args: object): Promise<Previewed> {
  let said = "";
  const made: string[] = [];
  const onEvent = ({ resourcePreEvent, diagnosticEvent }: EngineEvent): void => {
    if (resourcePreEvent?.metadata.op === "create") made.push(resourcePreEvent.metadata.type);
    said += diagnosticEvent?.message ?? "";
  };
  const program = async (): Promise<void> => void new Fleet("web", args as FleetArgs);
  try {
    await stack.preview({ program, onEvent, color: "never" });
    return { what, failed: false, said, made };
  } catch (error) {
    return { what, failed: true, said: `${said}\n${(error as Error).message}`, made };
  }
}

if (import.meta.main) {
  process.on("unhandledRejection", () => undefined);
  await withAwsStack(async (stack) => {
    for (const [what, args] of [...refused, ...unoffered]) process.stdout.write(`${JSON.stringify(await preview(stack, what, args))}\n`);
  });
  process.exit(0);
}
