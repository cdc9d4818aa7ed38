/** `fleet decommission`: takes the fleet's app off one machine that is there. */
import { type AgentEvent, agentExit } from "../../runtime/report.ts";
import { exitCodes, FleetError } from "../errors.ts";
import type { Inventory, InventoryMachine } from "../inventory.ts";
import { parseEvent } from "../rollout/agent.ts";
import { currentAgentCommand } from "../rollout/commands.ts";
import { columns } from "../rollout/progress.ts";
import { TransportFailure } from "../rollout/transports/connection.ts";
import { sshConnection } from "../rollout/transports/ssh.ts";
import { askFleet } from "./ask.ts";
import { type FleetChoice, oneMachine } from "./machines.ts";
import { question } from "./question.ts";
import { readInventories } from "./stacks.ts";
import type { FleetStatus } from "./table.ts";

const CONNECT_TIMEOUT_MS = 10_000;

export async function decommission(name: string, { stack, fleet, yes = false }: FleetChoice & { yes?: boolean }): Promise<number> {
  const { inventory, machine } = oneMachine(await readInventories(stack), fleet, name);
  if (!yes) await askFirst(inventory, machine);
  const { others } = await run(inventory, machine);
  process.stdout.write(`${afterwards(inventory, name, others)}\n`);
  return exitCodes.ok;
}

/** @throws FleetError unless a person at a terminal typed the machine's name */
async function askFirst(inventory: Inventory, { name }: InventoryMachine): Promise<void> {
  const status = await askFleet(inventory);
  const kept = "everything; nothing was touched.";
  if (isLast(status, name)) {
    throw new FleetError(`${name} is the last machine that serves ${inventory.fleet}.`, {
      kept,
      next: "say --yes if the fleet shall serve nowhere any more.",
      exitCode: exitCodes.usage,
    });
  }
  const { app } = inventory;
  const files = `the files that it keeps in /var/lib/fleetwright-${app}`;
  const what = `This removes ${app} from ${name}: its units, releases, records, user and ${files}.`;
  if (!process.stdin.isTTY) throw new FleetError(what, { kept, next: "say --yes to go on.", exitCode: exitCodes.usage });
  const answer = await question(`${what}\nType the machine's name to go on: `, kept);
  if (answer !== name) throw new FleetError("that isn't its name.", { kept, exitCode: exitCodes.usage });
}

/** Whether no other machine of the fleet serves. Pure. */
export function isLast({ machines }: FleetStatus, name: string): boolean {
  return !machines.some((machine) => machine.name !== name && machine.health === "healthy");
}

async function run({ app }: Inventory, { name, transport }: InventoryMachine): Promise<{ others: string[] }> {
  const say = columns([name], (line) => process.stderr.write(`${line}\n`));
  const connection = sshConnection(transport, CONNECT_TIMEOUT_MS);
  let last: AgentEvent | undefined;
  try {
    const { code, stderr } = await connection.run(currentAgentCommand("decommission", "--app", app, "--json"), {
      onLine: (line) => {
        last = parseEvent(line) ?? last;
        if (last?.event === "step") say(name, last.step, last.text);
      },
    });
    if (code === agentExit.ok && last?.event === "done") return { others: last.result.others as string[] };
    throw failure(name, code, last, stderr);
  } catch (error) {
    if (!(error instanceof TransportFailure)) throw error;
    throw new FleetError(`it can't be reached (${error.message}).`, {
      machine: name,
      next: `bring it back; or, if it is gone for good: fleet forget ${name}`,
      exitCode: exitCodes.partial,
    });
  } finally {
    await connection.close();
  }
}

function failure(name: string, code: number, last: AgentEvent | undefined, stderr: string): FleetError {
  if (last?.event === "failed") {
    const { step, what, kept, next, log } = last.error;
    return new FleetError(`${step}: ${what}`, { machine: name, kept, next, log });
  }
  if (/not found|No such file/.test(stderr)) return new FleetError("nothing of Fleetwright is installed on it.", { machine: name });
  return new FleetError(`its agent ended with exit code ${code}.`, {
    machine: name,
    log: stderr.split("\n").filter((line) => line !== ""),
    next: "run the same command again.",
  });
}

function afterwards({ app }: Inventory, name: string, others: readonly string[]): string {
  return [
    others.length === 0
      ? `${name}: nothing of Fleetwright is left on it.`
      : `${name}: ${app} was removed; ${others.join(", ")} and what ${others.length === 1 ? "it needs" : "they need"} stayed.`,
    `The configuration still names ${name}, and the next \`up\` sets it up again.`,
    `Take it out first: fleet forget ${name} does, for machines.hosts.`,
  ].join("\n");
}
