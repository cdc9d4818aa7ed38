/** The agent's commands of `fleethost`: the command line in, events and exit codes out. */
import { addAbortSignal } from "node:stream";
import { text } from "node:stream/consumers";
import { type Command, InvalidArgumentError, Option } from "commander";
import { nameSchema } from "../manifest.ts";
import { agentExit, type Status } from "../report.ts";
import { confirm, prepareConfirm } from "./confirm.ts";
import { type Agent, machineClock } from "./context.ts";
import { converge } from "./converge.ts";
import { AgentFailure, asFailure } from "./failure.ts";
import { goBack, revert } from "./go-back.ts";
import { releaseHold, requireHold } from "./hold.ts";
import { renewLease, renewRollout, watchLease } from "./lease.ts";
import { takeLock } from "./lock.ts";
import { requireInput } from "./manifest-input.ts";
import { registerOperatorCommands } from "./operator-commands.ts";
import { pathsUnder } from "./paths.ts";
import { storedSecretsRedactor } from "./credstore.ts";
import { createReporter } from "./reporter.ts";
import { registerRolloutCommands } from "./rollout-commands.ts";
import { run } from "./run.ts";
import { settle } from "./settle.ts";
import { stage } from "./stage.ts";
import { status } from "./status.ts";
import { renderStatus } from "./status-text.ts";
import { switchTo } from "./switch.ts";

const NO_APPS: Status = { schema: 1, apps: [] };

/** `fleethost apply` needs no rollout to renew its lease: the time between its own switch and confirm. */
const APPLY_LEASE_MS = 60_000;

interface Options {
  json?: boolean;
  archive?: string;
  applyId: string;
  app: string;
  leaseMs: number;
  surge: "auto" | "one";
  by?: string;
  rollbackFrom?: string;
  rollout?: string;
  prepare?: boolean;
}

/** Of a rollout. A switch takes about this long: whoever takes over in the middle of one, or comes after a dead operator, is not sent away. */
const LOCK_PATIENCE_MS = 10_000;

type Action = (agent: Agent, options: Options) => Promise<Record<string, unknown>>;

/** Makes the agent of one command. */
type MakeAgent = (json: boolean) => Agent;

/**
 * Adds the agent's commands to `fleethost`.
 * @param makeAgent Another one in tests.
 */
export function registerAgent(program: Command, makeAgent: MakeAgent = createAgent): void {
  const add = (name: string, about: string, action: Action) => addCommand(program, makeAgent, name, about, action);
  registerManifestCommands((name, about, action) => add(name, `${about} Manifest on stdin.`, underLock(name, action)));
  registerRolloutCommands((name, about, lock, action) => {
    const withManifest: Action = async (agent, options) => action(agent, await manifestFromStdin(agent), options as never);
    return add(name, `${about} Manifest on stdin.`, lock ? underLock(name, withManifest) : withManifest);
  }, milliseconds);
  registerAppCommands((name, about, action) =>
    add(name, about, underLock(name, action)).requiredOption("--app <name>", "the app", appName),
  );
  registerLeaseCommands((name, about, action) => add(name, about, action).requiredOption("--app <name>", "the app", appName));
  add("converge", "At boot: undoes what was not confirmed. Files and links only.", underLock("converge", convergeAction));
  registerStatus(program, makeAgent);
  registerOperatorCommands(program, {
    makeAgent,
    addLocked: (name, about, action) => add(name, about, underLock(name, action)).requiredOption("--app <name>", "the app", appName),
    appName,
  });
}

type Add = (name: string, about: string, action: Action) => Command;

function registerManifestCommands(add: Add): void {
  const archive = ["--archive <path>", "the release's archive; not needed when the release is there"] as const;
  add("stage", "Puts a release and its generation on this machine; touches nothing live.", stageAction).option(...archive);
  add("switch", "Serves the staged generation instead of the live one, until confirmed.", switchAction)
    .requiredOption("--apply-id <id>", "names this change")
    .requiredOption("--lease-ms <n>", "goes back by itself after this long without a renewal", milliseconds)
    .option("--by <who>", "the operator, for the records")
    .option("--rollback-from <release>", "for the records: this switch goes back from that release")
    .option(...rolloutOption)
    .addOption(surgeOption());
  add("apply", "stage, switch and confirm in one.", applyAction)
    .requiredOption("--apply-id <id>", "names this change")
    .option(...archive)
    .addOption(surgeOption());
}

const rolloutOption = ["--rollout <id>", "the rollout that this is a part of, and that holds this machine"] as const;

const surgeOption = (): Option =>
  new Option("--surge <how>", "auto: all new workers beside the old ones where memory allows; one: worker by worker")
    .choices(["auto", "one"])
    .default("auto");

function registerAppCommands(add: Add): void {
  add("confirm", "Keeps the generation that was switched to, also after a reboot.", confirmAction)
    .requiredOption("--apply-id <id>", "the one that was given to switch")
    .option("--prepare", "all that may fail or take time, without its effect")
    .option(...rolloutOption);
  add("revert", "Goes back to the confirmed generation.", revertAction)
    .option("--apply-id <id>", "only if this switch is the one that isn't confirmed: never another rollout's")
    .option(...rolloutOption);
}

/** Not under the lock: a switch that takes long must be renewable, and its watcher waits for the lock itself. */
function registerLeaseCommands(add: Add): void {
  const renewAction: Action = async (agent, { app, leaseMs, rollout }) => ({
    ...(rollout === undefined ? await renewLease(agent, app, leaseMs) : await renewRollout(agent, app, rollout, leaseMs)),
  });
  add("renew", "Renews the lease of a switch, and a rollout's hold.", renewAction)
    .requiredOption("--lease-ms <n>", "from now on", milliseconds)
    .option(...rolloutOption);
  add("lease", "Watches a switch's lease; goes back when it runs out.", leaseAction);
}

const stageAction: Action = async (agent, { archive }) => {
  const { manifest, secrets } = await inputFromStdin(agent);
  return stage(agent, manifest, archive, secrets);
};

const switchAction: Action = async (agent, { applyId, leaseMs, surge, by, rollbackFrom, rollout }) =>
  switchTo(agent, await manifestFromStdin(agent), { applyId, leaseMs, surge, asked: { by, rollbackFrom }, rollout });

/** A confirm ends its rollout on this machine; whoever took over in between is not disturbed by it. */
const confirmAction: Action = async (agent, { app, applyId, prepare = false, rollout }) => {
  if (prepare) {
    await requireHold(agent, app, rollout);
    return prepareConfirm(agent, app, applyId);
  }
  const result = await confirm(agent, app, applyId);
  if (rollout !== undefined) await releaseHold(agent, app, rollout);
  return result;
};

const revertAction: Action = async (agent, { app, applyId, rollout }) => {
  const now = await revert(agent, app, applyId);
  if (rollout !== undefined) await releaseHold(agent, app, rollout);
  return { now };
};

const applyAction: Action = async (agent, { applyId, archive, surge }) => {
  const { manifest, secrets } = await inputFromStdin(agent);
  const staged = await stage(agent, manifest, archive, secrets);
  if (staged.needs !== null) throw archiveMissing(staged.release);
  const switched = await switchTo(agent, manifest, {
    applyId,
    leaseMs: APPLY_LEASE_MS,
    surge,
  });
  return { ...switched, ...(await confirm(agent, manifest.app.name, applyId)) };
};

const convergeAction: Action = async (agent) => {
  const mended = await converge(agent);
  for (const text of mended) agent.report.step("converge", text);
  return { mended: mended.length };
};

const leaseAction: Action = async (agent, { app }) => {
  await settle(agent, app);
  const end = await watchLease(agent, app, async (why) => {
    agent.report.step("lease", await goBack(agent, app, "reverted", why));
  });
  return { end };
};

const inputFromStdin = async ({ signal }: Agent) => requireInput(await text(addAbortSignal(signal, process.stdin)));

const manifestFromStdin = async (agent: Agent) => (await inputFromStdin(agent)).manifest;

function archiveMissing(release: string): AgentFailure {
  return new AgentFailure("release", `release ${release} isn't on this machine, and no archive was given`, {
    kept: "everything; nothing was touched",
    next: "Give the path of the release's archive with --archive.",
    exitCode: agentExit.usage,
  });
}

/** The action under the machine's lock. */
function underLock(name: string, action: Action): Action {
  return async (agent, options) => {
    const purpose = options.applyId === undefined ? name : `${name} (apply ${options.applyId})`;
    const isOfRollout = options.rollout !== undefined || name === "stage";
    await using _lock = await takeLock(agent, purpose, isOfRollout ? LOCK_PATIENCE_MS : 0);
    // Awaited here, or the lock would be let go of at once.
    return await action(agent, options);
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

function createAgent(json: boolean): Agent {
  // The files' modes are said where they are made; nothing of the caller's shall take bits away.
  process.umask(0o022);
  const paths = pathsUnder();
  const report = createReporter(
    json,
    (out) => process.stdout.write(out),
    (err) => process.stderr.write(err),
    storedSecretsRedactor(paths),
  );
  return {
    paths,
    report,
    run,
    clock: machineClock,
    signal: endSignal(),
  };
}

/** A lost connection doesn't end a change half-way: it is finished, and its lease decides. Ending is asked for by TERM or INT. */
function endSignal(): AbortSignal {
  const controller = new AbortController();
  process.on("SIGTERM", () => controller.abort());
  process.on("SIGINT", () => controller.abort());
  process.on("SIGHUP", () => undefined);
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
  return controller.signal;
}

function milliseconds(value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError("a whole number of milliseconds, at least 1");
  return number;
}

function appName(value: string): string {
  const parsed = nameSchema.safeParse(value);
  if (!parsed.success) throw new InvalidArgumentError(parsed.error.issues[0]?.message ?? "not an app's name");
  return parsed.data;
}
