/** The agent's commands for a switch and its lease: `stage`, `switch`, `apply`, `confirm`, `revert`, `renew`, `lease`. */
import { Option } from "commander";
import { agentExit } from "../report.ts";
import { harden } from "./baseline/harden.ts";
import { type Action, type Add, inputFromStdin, manifestFromStdin, milliseconds, rolloutOption } from "./command-words.ts";
import { confirm, prepareConfirm } from "./confirm.ts";
import { AgentFailure } from "./failure.ts";
import { goBack, revert } from "./go-back.ts";
import { releaseHold, requireHold } from "./hold.ts";
import { renewLease, renewRollout, watchLease } from "./lease.ts";
import { settle } from "./settle.ts";
import { stage, type StageResult } from "./stage.ts";
import { status } from "./status.ts";
import { switchTo } from "./switch.ts";

/** `fleethost apply` needs no rollout to renew its lease: the time between its own switch and confirm. */
const APPLY_LEASE_MS = 60_000;

export function registerManifestCommands(add: Add): void {
  const archive = ["--archive <path>", "the release's archive; not needed when the release is there"] as const;
  const packages = ["--packages <path>", "the archive of its packages, where it has some; not needed when those are there"] as const;
  add("stage", "Puts a release and its generation on this machine; touches nothing live.", stageAction)
    .option(...archive)
    .option(...packages)
    .option(...rolloutOption);
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
    .option(...packages)
    .addOption(surgeOption());
}

const surgeOption = (): Option =>
  new Option("--surge <how>", "auto: all new workers beside the old ones where memory allows; one: worker by worker")
    .choices(["auto", "one"])
    .default("auto");

export function registerAppCommands(add: Add): void {
  add("confirm", "Keeps the generation that was switched to, also after a reboot.", confirmAction)
    .requiredOption("--apply-id <id>", "the one that was given to switch")
    .option("--prepare", "all that may fail or take time, without its effect")
    .option(...rolloutOption);
  add("revert", "Goes back to the confirmed generation.", revertAction)
    .option("--apply-id <id>", "only if this switch is the one that isn't confirmed: never another rollout's")
    .option(...rolloutOption);
}

/** Not under the lock: a switch that takes long must be renewable, and its watcher waits for the lock itself. */
export function registerLeaseCommands(add: Add): void {
  const renewAction: Action = async (agent, { app, leaseMs, rollout }) => ({
    ...(rollout === undefined ? await renewLease(agent, app, leaseMs) : await renewRollout(agent, app, rollout, leaseMs)),
  });
  add("renew", "Renews the lease of a switch, and a rollout's hold.", renewAction)
    .requiredOption("--lease-ms <n>", "from now on", milliseconds)
    .option(...rolloutOption);
  add("lease", "Watches a switch's lease; goes back when it runs out.", leaseAction);
}

const stageAction: Action = async (agent, { archive, packages }) => {
  const { manifest, secrets } = await inputFromStdin(agent);
  return stage(agent, manifest, { release: archive, packages }, secrets);
};

const switchAction: Action = async (agent, { applyId, leaseMs, surge, by, rollbackFrom, rollout }) =>
  switchTo(agent, await manifestFromStdin(agent), { applyId, leaseMs, surge, asked: { by, rollbackFrom }, rollout });

/** A confirm ends its rollout on this machine, and tells it what runs now; whoever took over in between is not disturbed by it. */
const confirmAction: Action = async (agent, { app, applyId, prepare = false, rollout }) => {
  if (prepare) {
    await requireHold(agent, app, rollout);
    return prepareConfirm(agent, app, applyId);
  }
  const result = await confirm(agent, app, applyId);
  if (rollout === undefined) return result;
  await releaseHold(agent, app, rollout);
  return { ...result, status: (await status(agent, app)).apps[0] };
};

const revertAction: Action = async (agent, { app, applyId, rollout }) => {
  const now = await revert(agent, app, applyId);
  if (rollout !== undefined) await releaseHold(agent, app, rollout);
  return { now };
};

const applyAction: Action = async (agent, { applyId, archive, packages, surge }) => {
  const { manifest, secrets } = await inputFromStdin(agent);
  const staged = await stage(agent, manifest, { release: archive, packages }, secrets);
  if (staged.needs.length > 0) throw archiveMissing(staged);
  const switched = await switchTo(agent, manifest, {
    applyId,
    leaseMs: APPLY_LEASE_MS,
    surge,
  });
  // Nobody is there to log in anew.
  await harden(agent, manifest, undefined);
  return { ...switched, ...(await confirm(agent, manifest.app.name, applyId)) };
};

const leaseAction: Action = async (agent, { app }) => {
  await settle(agent, app);
  const end = await watchLease(agent, app, async (why) => {
    agent.report.step("lease", await goBack(agent, app, "reverted", why));
  });
  return { end };
};

function archiveMissing({ release, needs }: StageResult): AgentFailure {
  const withPackages = needs.includes("packages");
  const what = withPackages ? "nor are its packages, and not both archives were given" : "and no archive was given";
  return new AgentFailure("release", `release ${release} isn't on this machine, ${what}`, {
    kept: "everything; nothing was touched",
    next: `Give the path of the release's archive with --archive${withPackages ? ", and that of its packages with --packages" : ""}.`,
    exitCode: agentExit.usage,
  });
}
