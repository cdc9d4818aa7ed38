/** What an agent command says while it works: one line a step, for people or as JSON. */
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

/** @param json Prints each event as one line of JSON on `out`; otherwise lines for people, failures on `err`. */
export function createReporter(json: boolean, out: Write, err: Write): Reporter {
  const print = (event: AgentEvent) => {
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
