/** The agent's commands of `fleethost`: the command line in, events and exit codes out. */
import { text } from "node:stream/consumers";
import { type Command, InvalidArgumentError } from "commander";
import { nameSchema } from "../manifest.ts";
import { confirm } from "./confirm.ts";
import { type Agent, machineClock } from "./context.ts";
import { converge } from "./converge.ts";
import { asFailure } from "./failure.ts";
import { goBack } from "./go-back.ts";
import { renewLease, watchLease } from "./lease.ts";
import { takeLock } from "./lock.ts";
import { requireManifest } from "./manifest-input.ts";
import { pathsUnder } from "./paths.ts";
import { createReporter } from "./reporter.ts";
import { run } from "./run.ts";
import { settle } from "./settle.ts";
import { stage } from "./stage.ts";
import { status } from "./status.ts";
import { renderStatus } from "./status-text.ts";
import { switchTo } from "./switch.ts";

/** `fleethost apply` needs no rollout to renew its lease: the time between its own switch and confirm. */
const APPLY_LEASE_MS = 60_000;

interface Options {
  json?: boolean;
  archive?: string;
  applyId: string;
  app: string;
  leaseMs: number;
}

type Action = (agent: Agent, options: Options) => Promise<Record<string, unknown>>;

/** Adds the agent's commands to `fleethost`. */
export function registerAgent(program: Command): void {
  changing(
    program,
    "stage",
    "Puts a release and its generation on this machine; touches nothing live. Manifest on stdin.",
    stageAction,
  ).option("--archive <path>", "the release's archive; not needed when the release is there");
  changing(program, "switch", "Serves the staged generation instead of the live one, until confirmed. Manifest on stdin.", switchAction)
    .requiredOption("--apply-id <id>", "names this change")
    .requiredOption("--lease-ms <n>", "goes back by itself after this long without a renewal", milliseconds);
  changing(program, "apply", "stage, switch and confirm in one. Manifest on stdin.", applyAction)
    .requiredOption("--apply-id <id>", "names this change")
    .option("--archive <path>", "the release's archive; not needed when the release is there");
  changing(program, "confirm", "Keeps the generation that was switched to, also after a reboot.", ({ ...agent }, { app, applyId }) =>
    confirm(agent, app, applyId),
  )
    .requiredOption("--app <name>", "the app", appName)
    .requiredOption("--apply-id <id>", "the one that was given to switch");
  changing(program, "revert", "Goes back to the confirmed generation.", async (agent, { app }) => ({
    now: await goBack(agent, app, "reverted", "asked to"),
  })).requiredOption("--app <name>", "the app", appName);
  changing(program, "converge", "At boot: undoes what was not confirmed. Files and links only.", convergeAction);
  // Not under the lock: a switch that takes long must be renewable.
  command(program, "renew", "Renews the lease of a switch.", async (agent, { app, leaseMs }) => ({
    ...(await renewLease(agent, app, leaseMs)),
  }))
    .requiredOption("--app <name>", "the app", appName)
    .requiredOption("--lease-ms <n>", "from now on", milliseconds);
  command(program, "lease", "Watches a switch's lease; goes back when it runs out.", leaseAction).requiredOption(
    "--app <name>",
    "the app",
    appName,
  );
  registerStatus(program);
}

const stageAction: Action = async (agent, { archive }) => stage(agent, await manifestFromStdin(), archive);

const switchAction: Action = async (agent, { applyId, leaseMs }) => switchTo(agent, await manifestFromStdin(), { applyId, leaseMs });

const applyAction: Action = async (agent, { applyId, archive }) => {
  const manifest = await manifestFromStdin();
  const staged = await stage(agent, manifest, archive);
  if (staged.needs !== null) return staged;
  const switched = await switchTo(agent, manifest, { applyId, leaseMs: APPLY_LEASE_MS });
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

const manifestFromStdin = async () => requireManifest(await text(process.stdin));

/** A command under the machine's lock. */
function changing(program: Command, name: string, about: string, action: Action): Command {
  return command(program, name, about, async (agent, options) => {
    await using _lock = await takeLock(agent, options.applyId === undefined ? name : `${name} (apply ${options.applyId})`);
    // Awaited here, or the lock would be let go of at once.
    return await action(agent, options);
  });
}

function command(program: Command, name: string, about: string, action: Action): Command {
  return program
    .command(name)
    .description(about)
    .option("--json", "one event a line, as JSON")
    .action(async (options: Options) => {
      const agent = createAgent(options.json === true);
      try {
        agent.report.done(await action(agent, options));
      } catch (error) {
        const failure = asFailure(error, name);
        agent.report.failed(failure);
        process.exitCode = failure.exitCode;
      }
    });
}

function registerStatus(program: Command): void {
  program
    .command("status")
    .description("What this machine runs.")
    .option("--json", "as one line of JSON")
    .option("--app <name>", "this app only", appName)
    .action(async ({ json, app }: { json?: boolean; app?: string }) => {
      const found = await status(createAgent(false), app);
      process.stdout.write(json === true ? `${JSON.stringify(found)}\n` : renderStatus(found));
    });
}

function createAgent(json: boolean): Agent {
  // The files' modes are said where they are made; nothing of the caller's shall take bits away.
  process.umask(0o022);
  const report = createReporter(
    json,
    (out) => process.stdout.write(out),
    (err) => process.stderr.write(err),
  );
  return { paths: pathsUnder(), report, run, clock: machineClock, signal: endSignal() };
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
