/** Clients that a draining worker must not fail. */
import http from "node:http";
import type { TestContext } from "node:test";
import { pause } from "../supervisor/host.ts";
import type { Shim } from "./shim.ts";

export interface Client {
  answered: number;
  /** What made it stop: `told to close` if the last answer said so; else what went wrong. */
  readonly ended: Promise<string>;
}

/** Asks again and again on one kept connection, until an answer says `Connection: close`. */
export function startAsking(t: TestContext, shim: Shim): Client {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  const client = { answered: 0, ended: ask() };
  return client;

  async function ask(): Promise<string> {
    for (;;) {
      const answer = await shim.get("/", { agent }).catch((error: NodeJS.ErrnoException) => error.code ?? error.message);
      if (typeof answer === "string") return answer;
      if (answer.status !== 200) return String(answer.status);
      if (answer.headers.connection === "close") return "told to close";
      client.answered += 1;
      // With pauses of many lengths, among them none.
      await pause(Math.max(0, (client.answered % 10) * 4 - 8));
    }
  }
}
