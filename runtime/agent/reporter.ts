/** What an agent command says while it works: one line a step, for people or as JSON. */
import type { Redact } from "../redact.ts";
import type { AgentEvent } from "../report.ts";
import { type AgentFailure, asFailure } from "./failure.ts";

export interface Reporter {
  step(step: string, text: string): void;
  done(result: Record<string, unknown>): void;
  failed(failure: AgentFailure): void;
}

type Write = (text: string) => void;

/** The lines for people of one event; pure. */
export function humanLines(event: AgentEvent): string[] {
  switch (event.event) {
    case "step":
      return [`${event.step}: ${event.text}`];
    case "done":
      return [
        `done: ${Object.entries(event.result)
          .map(([key, value]) => `${key} ${String(value)}`)
          .join(", ")}`,
      ];
    case "failed": {
      const { step, what, kept, next, log } = event.error;
      return [
        `failed (${step}): ${what}`,
        ...log.map((line) => `  | ${line}`),
        ...(kept === "" ? [] : [`Left as it is: ${kept}`]),
        ...(next === "" ? [] : [`What to do: ${next}`]),
      ];
    }
  }
}

/** An event without secrets: an app's last lines, or a tool's words, may hold some. What is done is told in our own words. Pure. */
export function redacted(event: AgentEvent, redact: Redact): AgentEvent {
  if (event.event === "step") return { ...event, text: redact(event.text) };
  if (event.event === "done") return event;
  const { step, what, kept, next, log } = event.error;
  return { event: "failed", error: { step, what: redact(what), kept: redact(kept), next: redact(next), log: log.map(redact) } };
}

/**
 * @param json Prints each event as one line of JSON on `out`; otherwise lines for people, failures on `err`.
 * @param redact Takes secrets out of whatever is printed.
 */
export function createReporter(json: boolean, out: Write, err: Write, redact: Redact): Reporter {
  const print = (told: AgentEvent) => {
    const event = redacted(told, redact);
    if (json) return out(`${JSON.stringify(event)}\n`);
    const write = event.event === "failed" ? err : out;
    write(`${humanLines(event).join("\n")}\n`);
  };
  return {
    step: (step, text) => print({ event: "step", step, text }),
    done: (result) => print({ event: "done", result }),
    failed: (failure) => {
      const { step, message, kept, next, log } = asFailure(failure, "agent");
      print({
        event: "failed",
        error: { step, what: message, kept, next, log },
      });
    },
  };
}
