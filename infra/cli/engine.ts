/** Runs Pulumi's engine on a stack and tells what it does, a line a step. */
import type { EngineEvent, OutputMap, Stack, SummaryEvent } from "@pulumi/pulumi/automation/index.js";
import { exitCodes } from "../errors.ts";
import type { Watch } from "./watch.ts";

export interface Outcome {
  exitCode: number;
  /** The stack's, after it succeeded. */
  outputs: OutputMap;
  /** Resources that were created, changed or removed. */
  changes: number;
}

const verbs: Record<string, string> = { create: "creating", update: "updating", "create-replacement": "running", delete: "removing" };

/** An engine event as a line for the terminal, or nothing. Pure. */
export function eventLine({ diagnosticEvent, resourcePreEvent }: EngineEvent): string | undefined {
  // A command's output comes as passing messages, meant for a status column; here they are the progress.
  if (diagnosticEvent !== undefined) return diagnosticLine(diagnosticEvent.severity, diagnosticEvent.message);
  const metadata = resourcePreEvent?.metadata;
  const verb = verbs[metadata?.op ?? ""];
  if (metadata === undefined || verb === undefined || !metadata.type.startsWith("command:")) return undefined;
  return `${verb} ${metadata.urn.split("::").at(-1)}`;
}

function diagnosticLine(severity: string, message: string): string | undefined {
  const text = message.replaceAll(/<\{%.*?%\}>/g, "").trimEnd();
  if (text === "" || severity === "debug" || isKnown(text)) return undefined;
  return severity === "error" || severity === "warning" ? `${severity}: ${text}` : text;
}

/** The engine's warnings about what is on PATH: the stand-ins have been announced by then. */
function isKnown(text: string): boolean {
  return /^using pulumi-(resource-command|language-nodejs) from \$PATH/.test(text);
}

/** What the engine puts around a failure that has been told, or is told in the lines after it. */
function isEcho(text: string): boolean {
  return text === "error: update failed" || /^error: exit status \d+: running ".*":$/.test(text);
}

/** Whether an event is a passing message of a rollout: a live view shows those itself. Pure. */
export function isRolloutMessage({ diagnosticEvent }: EngineEvent): boolean {
  return diagnosticEvent?.severity.startsWith("info") === true && diagnosticEvent.urn?.endsWith("-rollout") === true;
}

/** How many resources a run has created, changed or removed, by the engine's last event. Pure. */
export function changesOf({ resourceChanges }: Pick<SummaryEvent, "resourceChanges">): number {
  const changed = Object.entries(resourceChanges ?? {}).filter(([op]) => op !== "same");
  return changed.reduce((sum, [, count]) => sum + (count ?? 0), 0);
}

/** `pulumi up` on an open stack. Failures were told when this returns. */
export async function runUp(stack: Stack, { live, print }: Pick<Watch, "live" | "print">): Promise<Outcome> {
  // A failed command's error repeats all that the command has printed: only what is new in it is told.
  const told = new Set<string>();
  let changes = 0;
  const interrupts = watchInterrupts();
  const { signal } = interrupts;
  const onEvent = (event: EngineEvent): void => {
    interrupts.begun();
    if (event.summaryEvent !== undefined) changes = changesOf(event.summaryEvent);
    const line = eventLine(event);
    const news = (line ?? "").split("\n").filter((part) => part !== "" && !(line?.startsWith("error: ") && told.has(part)));
    if (news.length === 0 || (live && isRolloutMessage(event))) return;
    for (const part of news) told.add(part);
    const lines = news.filter((part) => !isEcho(part));
    if (lines.length > 0) print(lines.join("\n"));
  };
  try {
    const { outputs } = await stack.up({ onEvent, suppressOutputs: true, signal });
    return { exitCode: exitCodes.ok, outputs, changes };
  } catch (error) {
    if (interrupts.heard()) return { exitCode: exitCodes.interrupted, outputs: {}, changes: 0 };
    if (![...told].some((line) => line.startsWith("error: "))) print((error as Error).message);
    return { exitCode: exitCodes.failed, outputs: {}, changes: 0 };
  }
}

interface Interrupts {
  heard: () => boolean;
  signal: AbortSignal;
  /** To be called when the engine is at work. */
  begun: () => void;
}

/**
 * The engine hears a terminal's Ctrl-C itself, once it is there, and is told of any other; it lets the step under way end, and we stay
 * until it has.
 */
function watchInterrupts(): Interrupts {
  let heard = false;
  let isBegun = false;
  const told = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      if (!heard) process.stderr.write("Interrupted: waiting for the step under way to end; what was switched is put back.\n");
      heard = true;
      if (name === "SIGTERM") told.abort();
    });
  }
  const begun = (): void => {
    if (!isBegun && heard) told.abort();
    isBegun = true;
  };
  return { heard: () => heard, signal: told.signal, begun };
}
