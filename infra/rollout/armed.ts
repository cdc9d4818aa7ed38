/**
 * Agents that are started before it is their turn: that takes a few tenths of a second on each machine, while another one switches.
 * They have no manifest yet, without which an agent does nothing and holds nothing.
 */
import { agent, type Session } from "./agent.ts";
import type { Say } from "./progress.ts";

export type Result = Record<string, unknown>;

export interface Armed {
  /** It is its turn. An agent that ended too early is started once more. */
  fire(): Promise<Result>;
  /** It won't get its turn: the agent ends. */
  standDown(): void;
}

export function arm(session: Session, say: Say, args: readonly string[]): Armed {
  const turn = Promise.withResolvers<boolean>();
  let ended = false;
  const result = agent(session, say, args, { go: turn.promise }).finally(() => (ended = true));
  // Nobody may ever ask.
  result.catch(() => undefined);
  return {
    fire: () => {
      if (ended) return agent(session, say, args);
      turn.resolve(true);
      return result;
    },
    standDown: () => turn.resolve(false),
  };
}
