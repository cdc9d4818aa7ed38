/** Brings batches to CloudWatch Logs: again and again, until they are taken or refused for what they are. */
import { setTimeout as sleep } from "node:timers/promises";
import { pauseMs } from "../aws/backoff.ts";
import { AwsRefusal, call, type Service, wordsOf } from "../aws/call.ts";
import type { LogEvent } from "./batches.ts";

export interface CourierOptions {
  service: Service;
  group: string;
  /** A line for the journal. */
  say: (text: string) => void;
  /** Of the pauses between tries. @default 1 s, then longer and longer, up to a minute */
  pauses?: { firstMs: number; longestMs: number };
}

type Outcome = "taken" | "refused" | "stopped";
type State = { kind: "well" } | { kind: "waiting"; sinceMs: number };

const PAUSES = { firstMs: 1_000, longestMs: 60_000 };
const HEADERS = { "content-type": "application/x-amz-json-1.1" };

/** Of these, the batch is to blame; everything else may pass, or somebody mends it. */
const HOPELESS = new Set(["InvalidParameterException", "SerializationException", "ValidationException"]);

export class Courier {
  readonly #options: CourierOptions;
  #state: State = { kind: "well" };

  constructor(options: CourierOptions) {
    this.#options = options;
  }

  /** @param signal gives up */
  async bring(stream: string, events: readonly LogEvent[], signal: AbortSignal): Promise<Outcome> {
    const { pauses = PAUSES } = this.#options;
    for (let tries = 0; ; tries += 1) {
      try {
        await this.#putOrMake(stream, events);
        this.#well();
        return "taken";
      } catch (error) {
        if (error instanceof AwsRefusal && HOPELESS.has(error.code)) return this.#refused(error, stream, events.length);
        this.#waiting(error);
      }
      if (signal.aborted) return "stopped";
      await sleep(pauseMs(tries, pauses, Math.random()), undefined, { signal }).catch(() => undefined);
    }
  }

  /** The stream isn't there for a machine's first lines. */
  async #putOrMake(stream: string, events: readonly LogEvent[]): Promise<void> {
    try {
      await this.#put(stream, events);
    } catch (error) {
      if (!(error instanceof AwsRefusal) || error.code !== "ResourceNotFoundException") throw error;
      await this.#make(stream);
      await this.#put(stream, events);
    }
  }

  async #put(logStreamName: string, logEvents: readonly LogEvent[]): Promise<void> {
    const answer = JSON.parse(await this.#ask("PutLogEvents", { logStreamName, logEvents })) as { rejectedLogEventsInfo?: object };
    if (answer.rejectedLogEventsInfo === undefined) return;
    this.#options.say(`CloudWatch didn't take some lines of ${logStreamName}, as they are too old or from the future`);
  }

  async #make(logStreamName: string): Promise<void> {
    await this.#ask("CreateLogStream", { logStreamName }).catch((error: unknown) => {
      if (!(error instanceof AwsRefusal) || error.code !== "ResourceAlreadyExistsException") throw error;
    });
  }

  #ask(action: string, what: object): Promise<string> {
    const { service, group } = this.#options;
    const headers = { ...HEADERS, "x-amz-target": `Logs_20140328.${action}` };
    return call(service, headers, JSON.stringify({ logGroupName: group, ...what }));
  }

  /** An outage is told once, and its end: what is told comes into the journal, too. */
  #waiting(error: unknown): void {
    if (this.#state.kind === "waiting") return;
    this.#state = { kind: "waiting", sinceMs: performance.now() };
    this.#options.say(`CloudWatch doesn't take lines now (${wordsOf(error)}); they wait in the journal`);
  }

  #well(): void {
    if (this.#state.kind === "well") return;
    const seconds = Math.round((performance.now() - this.#state.sinceMs) / 1_000);
    this.#state = { kind: "well" };
    this.#options.say(`CloudWatch takes lines again, after ${seconds} s`);
  }

  #refused(error: AwsRefusal, stream: string, count: number): Outcome {
    this.#options.say(`CloudWatch refuses a batch of ${count} for ${stream}; it is left out (${error.message})`);
    return "refused";
  }
}
