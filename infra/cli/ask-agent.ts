/** Asks the agents of machines something that changes nothing, all at once, with a deadline. */
import { agentExit } from "../../runtime/report.ts";
import type { InventoryMachine } from "../inventory.ts";
import { currentAgentCommand } from "../rollout/commands.ts";
import { TransportFailure } from "../rollout/transports/connection.ts";
import { sshConnection } from "../rollout/transports/ssh.ts";

const CONNECT_TIMEOUT_MS = 5_000;
const ANSWER_TIMEOUT_MS = 30_000;

/** `silent`: it could not be asked, or its agent had no answer. */
export type Answer = { name: string } & ({ state: "answered"; value: unknown } | { state: "silent"; why: string; unreachable: boolean });

/** @param args of the agent; it prints one JSON value */
export function askAgents(machines: readonly InventoryMachine[], args: readonly string[]): Promise<Answer[]> {
  return Promise.all(machines.map((machine) => askAgent(machine, args)));
}

async function askAgent({ name, transport }: InventoryMachine, args: readonly string[]): Promise<Answer> {
  const connection = sshConnection(transport, CONNECT_TIMEOUT_MS);
  try {
    const { code, stdout, stderr } = await connection.run(currentAgentCommand(...args), { timeoutMs: ANSWER_TIMEOUT_MS });
    if (code === agentExit.ok) return { name, state: "answered", value: JSON.parse(stdout) };
    return { name, state: "silent", why: whyNot(code, stderr), unreachable: false };
  } catch (error) {
    if (error instanceof SyntaxError) {
      return { name, state: "silent", why: "its agent answered something that isn't JSON", unreachable: false };
    }
    if (!(error instanceof TransportFailure)) throw error;
    const unreachable = error.problem === "unreachable" || error.problem === "ended";
    return { name, state: "silent", why: unreachable ? `unreachable: ${error.message}` : `refused: ${error.message}`, unreachable };
  } finally {
    await connection.close();
  }
}

/** Why an agent did not answer, by what it said on standard error. Pure. */
export function whyNot(code: number, stderr: string): string {
  if (/unknown command/.test(stderr)) return "its agent is older than this command; the next `up` brings a newer one";
  if (/not found|No such file/.test(stderr)) return "nothing of Fleetwright is installed on it";
  const said = stderr.trim().split("\n");
  return `its agent failed with exit code ${code}: ${said.find((line) => line.startsWith("failed ")) ?? said.at(-1) ?? ""}`;
}
