/** The agent's commands of `fleethost`: the command line in, events and exit codes out. */
import type { Command } from "commander";
import type { Status } from "../report.ts";
import { registerBaselineCommands, registerUnharden } from "./baseline/commands.ts";
import { type Action, appName, manifestFromStdin, type Options, stdinText } from "./command-words.ts";
import type { Agent } from "./context.ts";
import { converge } from "./converge.ts";
import { asFailure } from "./failure.ts";
import { createAgent } from "./local-agent.ts";
import { takeLock } from "./lock.ts";
import { registerMember } from "./member-command.ts";
import { registerOperatorCommands } from "./operator-commands.ts";
import { type AddWithManifest, registerRolloutCommands } from "./rollout-commands.ts";
import { rebootAction } from "./reboots/commands.ts";
import { status } from "./status.ts";
import { renderStatus } from "./status-text.ts";
import { registerAppCommands, registerLeaseCommands, registerManifestCommands } from "./switch-commands.ts";

const NO_APPS: Status = { schema: 1, apps: [] };

/** Of a rollout. A switch takes about this long: who takes over in the middle of one, or comes after a dead operator, isn't sent away. */
const LOCK_PATIENCE_MS = 10_000;
/** Of everyone else: with each start of an app its machine settles for a moment, which may be between two commands of one script. */
const SETTLING_PATIENCE_MS = 5_000;

/** Makes the agent of one command. */
type MakeAgent = (json: boolean) => Agent;

/**
 * Adds the agent's commands to `fleethost`.
 * @param makeAgent Another one in tests.
 */
export function registerAgent(program: Command, makeAgent: MakeAgent = createAgent): void {
  const add = (name: string, about: string, action: Action) => addCommand(program, makeAgent, name, about, action);
  registerManifestCommands((name, about, action) => add(name, `${about} Manifest on stdin.`, afterInput(underLock(name, action))));
  const addWithManifest: AddWithManifest = (name, about, lock, action) => {
    const withManifest: Action = async (agent, options) => action(agent, await manifestFromStdin(agent), options as never);
    return add(name, `${about} Manifest on stdin.`, lock ? underLock(name, withManifest) : withManifest);
  };
  registerRolloutCommands(addWithManifest);
  registerBaselineCommands(addWithManifest);
  registerUnharden(program, makeAgent);
  registerAppCommands((name, about, action) =>
    add(name, about, underLock(name, action)).requiredOption("--app <name>", "the app", appName),
  );
  registerLeaseCommands((name, about, action) => add(name, about, action).requiredOption("--app <name>", "the app", appName));
  add("reboot-if-due", "For its timer: restarts this machine in its window, drained, where that is due.", rebootAction).requiredOption(
    "--app <name>",
    "the app",
    appName,
  );
  add("converge", "At boot: undoes what was not confirmed. Files and links only.", underLock("converge", convergeAction));
  registerStatus(program, makeAgent);
  registerMember(program, makeAgent);
  registerOperatorCommands(program, {
    makeAgent,
    addLocked: (name, about, action) => add(name, about, underLock(name, action)).requiredOption("--app <name>", "the app", appName),
  });
}

const convergeAction: Action = async (agent) => {
  const mended = await converge(agent);
  for (const text of mended) agent.report.step("converge", text);
  return { mended: mended.length };
};

/** The action under the machine's lock. */
function underLock(name: string, action: Action): Action {
  return async (agent, options) => {
    const purpose = options.applyId === undefined ? name : `${name} (apply ${options.applyId})`;
    await using _lock = await takeLock(agent, purpose, options.rollout === undefined ? SETTLING_PATIENCE_MS : LOCK_PATIENCE_MS);
    // Awaited here, or the lock would be let go of at once.
    return await action(agent, options);
  };
}

/** A rollout starts an agent before it is its turn, and gives it its manifest then: nothing is held meanwhile. */
function afterInput(action: Action): Action {
  return async (agent, options) => {
    await stdinText(agent);
    return action(agent, options);
  };
}

function addCommand(program: Command, makeAgent: MakeAgent, name: string, about: string, action: Action): Command {
  return program
    .command(name)
    .description(about)
    .option("--json", "one event a line, as JSON")
    .action(async (options: Options) => {
      const agent = makeAgent(options.json === true);
      try {
        agent.report.done(await action(agent, options));
      } catch (error) {
        const failure = asFailure(error, name);
        agent.report.failed(failure);
        process.exitCode = failure.exitCode;
      }
    });
}

function registerStatus(program: Command, makeAgent: MakeAgent): void {
  program
    .command("status")
    .description("What this machine runs; where it has no apps, the supervisors that this user started by hand.")
    .option("--json", "as one line of JSON")
    .option("--app <name>", "this app only", appName)
    .option("--control <path>", "only the supervisor with this control socket")
    .action(async ({ json, app, control }: { json?: boolean; app?: string; control?: string }) => {
      const found = control === undefined ? await status(makeAgent(false), app) : NO_APPS;
      if (found.apps.length > 0 || app !== undefined) {
        process.stdout.write(json === true ? `${JSON.stringify(found)}\n` : renderStatus(found));
        return;
      }
      const { showSupervisors } = await import("../supervisor/show.ts");
      process.exitCode = await showSupervisors({ json: json === true, control });
    });
}
