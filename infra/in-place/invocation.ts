/** What Systems Manager says of a command, and of each machine that it was sent to. Pure. */
import { type Action, type Answer, ANSWER_PREFIX, ANSWERS } from "../aws/in-place-script.ts";

/** A command as far as we look at it. */
export interface Sent {
  id: string;
  action: Action | undefined;
  manifest: string | undefined;
  /** Of the Systems Manager API ("Command", "Status"). */
  status: string;
  /** AWS's word for why it ended so, such as `Terminated`. */
  details: string;
}

/** What became of a command on one machine. */
export interface Invocation {
  machine: string;
  status: string;
  details: string;
  /** The first 2,500 characters of what its script wrote. */
  output: string;
}

const ENDED = new Set(["Success", "Cancelled", "Failed", "TimedOut"]);

/** Whether nothing changes any more. */
export const hasEnded = ({ status }: Pick<Sent, "status">): boolean => ENDED.has(status);

/** One that the answer decides about; renewals come and go meanwhile. */
export const isRelease = ({ action }: Pick<Sent, "action">): boolean => action !== undefined && action !== "renew";

export type Outcome = "running" | "failed" | Answer;

/** A machine that did as told says so; an exit code of zero alone is not believed. */
export function outcomeOf({ status, output }: Invocation): Outcome {
  if (!hasEnded({ status })) return "running";
  if (status !== "Success") return "failed";
  const [, word] = new RegExp(`^${ANSWER_PREFIX}(\\w+)$`, "m").exec(output) ?? [];
  return ANSWERS.find((answer) => answer === word) ?? "failed";
}

/** The certificate of its own authority that a machine with a name tells beside; PEM, and "" where there is none. */
export function authorityOf({ output }: Pick<Invocation, "output">): string {
  return /-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----\n/.exec(output)?.[0] ?? "";
}

const words: Readonly<Record<Outcome, string>> = {
  running: "is at it",
  failed: "failed",
  trial: "serves the release, on trial",
  renewed: "stays on trial",
  confirmed: "has it for good",
  untried: "came in between",
  back: "serves what it served before",
  newborn: "starts for the first time",
  outside: "is no machine of this release",
};

/** A line of progress; the same until something moves. */
export function progressLine(invocation: Invocation): string {
  const outcome = outcomeOf(invocation);
  const why = outcome === "failed" && invocation.details !== "Failed" ? ` (${invocation.details})` : "";
  return `${invocation.machine}: ${words[outcome]}${why}`;
}
