/** What a server under test has to be able to do, so that every point treats all alike. */
import type { Address } from "../http.ts";
import type { Lab } from "../lab.ts";
import type { Loop, Tools } from "../setup.ts";

/** Files of `apps/`: `broken` fails when it is loaded. */
export type AppName = "main" | "bare" | "broken";

/** How one contender is to be started. */
export interface Setup {
  readonly app: AppName;
  readonly workers: number;
  readonly listen: Address;
  /** Of Python contenders. Default: uvloop. */
  readonly loop?: Loop;
  /** Ours only; without it the default holds. */
  readonly livenessTimeoutMs?: number;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Running {
  readonly contender: Contender;
  readonly address: Address;
  /** The process that supervises. */
  readonly parentPid: number;
  /** Exit code or signal of the parent, when it ends. */
  readonly ended: Promise<string>;
  /** Living worker processes. */
  workerPids(): number[];
  /** Replaces all workers the contender's own way; fulfilled when it is over. @throws when it is not over in time */
  reload(): Promise<void>;
  /** What it has printed last. */
  output(): string;
  stop(): Promise<void>;
}

export interface Contender {
  readonly id: string;
  readonly title: string;
  readonly family: "asgi" | "node";
  /** Said below a table in which it stands. */
  readonly note?: string;
  /** Starts the parent; workers may not be ready yet. */
  start(setup: Setup, tools: Tools, lab: Lab): Promise<Running>;
}

export const APPS = new URL("../apps/", import.meta.url).pathname;
