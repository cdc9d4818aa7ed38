/** Runs the agent's commands on one machine and tells their steps. */
import { type AgentEvent, agentEventSchema, agentExit } from "../../runtime/report.ts";
import type { GivenTls } from "../../runtime/https.ts";
import type { SecretValues } from "../../runtime/secrets.ts";
import { FleetError } from "../errors.ts";
import { agentCommand } from "./commands.ts";
import type { PlannedMachine } from "./plan.ts";
import type { Say } from "./progress.ts";
import { type Connection, type RunOptions, type RunResult, TransportFailure } from "./transports/connection.ts";

/** One machine during a rollout: what it shall run, and the way to it. */
export interface Session {
  machine: PlannedMachine;
  connection: Connection;
}

/** The connection broke, or the machine didn't answer in time: what it did is not known. */
export class LostConnection extends FleetError {}

/** The machine is another's just now: of a rollout that holds it, or of a change under way. */
export class Refused extends FleetError {}

/**
 * Runs one agent command with the manifest on its standard input.
 * @param options `secrets` and `tls`: values that go with it there. `go`: the agent is started now, and gets its manifest, without
 *   which it does nothing, when this is true.
 * @throws FleetError with the agent's own words when it fails, or what is known when the connection is lost
 */
export async function agent(
  session: Session,
  say: Say,
  args: readonly string[],
  {
    secrets,
    tls,
    go,
    ...options
  }: Pick<RunOptions, "signal" | "timeoutMs"> & {
    secrets?: SecretValues | undefined;
    tls?: GivenTls | undefined;
    go?: Promise<boolean> | undefined;
  } = {},
): Promise<Record<string, unknown>> {
  const { machine, connection } = session;
  const [step = ""] = args;
  const events: AgentEvent[] = [];
  const { manifest, secretKey } = machine;
  const input = JSON.stringify(secrets === undefined && tls === undefined ? manifest : { manifest, secrets, secretKey, tls });
  const result = await talk(machine.name, step, () =>
    connection.run(agentCommand(machine.agentRuntime ?? machine.manifest.runtime, ...args, "--json"), {
      ...options,
      stdin: go === undefined ? input : go.then((isTurn) => (isTurn ? input : "")),
      onLine: (line) => {
        const event = parseEvent(line);
        if (event === undefined) return;
        events.push(event);
        if (event.event === "step") say(machine.name, event.step, event.text);
      },
    }),
  );
  const last = events.at(-1);
  if (result.code === agentExit.ok && last?.event === "done") return last.result;
  throw failure(machine.name, step, last, result);
}

/** Turns a lost connection into an error for people. */
export async function talk<T>(name: string, step: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof TransportFailure)) throw error;
    throw new LostConnection(`the connection was lost during "${step}" (${error.message}).`, {
      machine: name,
      kept: "what the machine ran before; it goes back by itself when it hears nothing more.",
      next: "see that the machine answers SSH, then run the same command again.",
    });
  }
}

/** A line that an agent printed with `--json`; undefined when it is none of its own. */
export function parseEvent(line: string): AgentEvent | undefined {
  try {
    return agentEventSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

function failure(name: string, step: string, last: AgentEvent | undefined, result: RunResult): FleetError {
  if (last?.event === "failed") {
    const { error } = last;
    const Kind = result.code === agentExit.busy ? Refused : FleetError;
    return new Kind(`${error.step}: ${error.what}`, { machine: name, kept: error.kept, next: error.next, log: error.log });
  }
  return new FleetError(`the agent ended with exit code ${result.code} during "${step}".`, {
    machine: name,
    log: `${result.stdout}\n${result.stderr}`
      .split("\n")
      .filter((line) => line.trim() !== "")
      .slice(-15),
    kept: "what the machine ran before, as far as the agent came.",
    next: "run the same command again; if it happens again, `journalctl -b` on the machine has more.",
  });
}
