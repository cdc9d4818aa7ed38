/** Asks a generation's supervisor what it does. */
import { request } from "node:http";
import { type SupervisorStatus, supervisorStatusSchema } from "../supervisor-report.ts";

const SUPERVISOR_TIMEOUT_MS = 2_000;

/** Undefined when it doesn't answer, or in words that aren't understood. */
export function askSupervisor(socketPath: string): Promise<SupervisorStatus | undefined> {
  return new Promise((resolve) => {
    const asked = request({ socketPath, path: "/status", agent: false }, async (response) => {
      const body = await response
        .setEncoding("utf8")
        .toArray()
        .catch(() => []);
      resolve(understand(body.join("")));
    });
    const timer = setTimeout(() => asked.destroy(), SUPERVISOR_TIMEOUT_MS);
    asked.on("error", () => resolve(undefined));
    asked.on("close", () => {
      clearTimeout(timer);
      resolve(undefined);
    });
    asked.end();
  });
}

function understand(text: string): SupervisorStatus | undefined {
  try {
    return supervisorStatusSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
