/** Shell commands that a rollout runs on machines. Pure: text in, text out. */
import { DEPLOY_USER, GATE_PATH } from "../deploy-user/place.ts";
import { shellQuote } from "../shell.ts";
import {
  CURRENT_AGENT,
  CURRENT_RUNTIME,
  decideScript,
  forgetScript,
  installRuntimeScript,
  knockScript,
  receiveScript,
  RUNTIME_FOLDER,
  SECRET_KEY_FILE,
  useRuntimeScript,
} from "./machine-scripts.ts";

export { incomingPath, installRuntimeScript, NOT_PREPARED } from "./machine-scripts.ts";

/**
 * Becomes root where the login isn't.
 * @param gate the same as words for the gate, which is all that the deploy user may run as root
 */
const asRoot = (script: string, gate: readonly string[]): string =>
  `if [ "$(id -u)" = 0 ]; then exec sh -c ${shellQuote(script)}; ` +
  `elif [ "$(id -un)" = ${DEPLOY_USER} ]; then exec sudo -n ${[GATE_PATH, ...gate].map(shellQuote).join(" ")}; ` +
  `else exec sudo -n sh -c ${shellQuote(script)}; fi`;

/** Prints what the machine is and, where an agent is installed, its status. Changes nothing. */
export function probeScript(): string {
  return [
    // Not echo: the login's shell may be dash, whose echo turns the \n inside JSON into a line break.
    'say() { printf "fleetwright.%s=%s\\n" "$1" "$2"; }',
    'say os "$(. /etc/os-release; echo "$ID")"',
    'say os-version "$(. /etc/os-release; echo "$VERSION_ID")"',
    'say arch "$(uname -m)"',
    'say python "$(python3 -c \'import sys; print("%d.%d" % sys.version_info[:2])\' 2>/dev/null)"',
    'say cores "$(nproc)"',
    `say runtimes "$(ls ${RUNTIME_FOLDER} 2>/dev/null | tr '\\n' ' ')"`,
    `say current "$(basename "$(readlink ${CURRENT_RUNTIME})")"`,
    `root=yes; key="cat ${SECRET_KEY_FILE}"; agent=${CURRENT_AGENT}`,
    `if [ "$(id -un)" = ${DEPLOY_USER} ]; then gate="sudo -n ${GATE_PATH}"`,
    'key="$gate secret-key"; agent="$gate agent current"; $gate version >/dev/null 2>&1 || root=no',
    'elif [ "$(id -u)" != 0 ]; then key="sudo -n $key"; agent="sudo -n $agent"; sudo -n true 2>/dev/null || root=no; fi',
    "say root $root",
    'if [ $root = yes ]; then say secret-key "$($key 2>/dev/null)"; fi',
    `if [ $root = yes ] && [ -x ${CURRENT_AGENT} ]; then say status "$($agent status --json 2>/dev/null)"; fi`,
    "say end yes",
  ].join("\n");
}

/** Takes an archive on standard input and keeps it under its hash; a cut-off or changed one is refused. */
export function receiveCommand(sha256: string): string {
  return asRoot(receiveScript(sha256), ["receive", sha256]);
}

/** Unpacks a received runtime bundle under its id, at once or not at all, and makes it the machine's current one. */
export function installRuntimeCommand(id: string, archiveSha256: string): string {
  return asRoot(installRuntimeScript(id, archiveSha256), ["install", id, archiveSha256]);
}

/** Points `current` at an installed bundle. */
export function useRuntimeCommand(id: string): string {
  return asRoot(useRuntimeScript(id), ["use", id]);
}

/** Runs the agent out of a given runtime bundle, as root. */
export function agentCommand(runtime: string, ...args: string[]): string {
  return asRoot(`exec ${RUNTIME_FOLDER}/${runtime}/bin/fleethost ${args.map(shellQuote).join(" ")}`, ["agent", runtime, ...args]);
}

/** Runs the machine's current agent, whatever bundle it is of. */
export function currentAgentCommand(...args: string[]): string {
  return asRoot(`exec ${CURRENT_AGENT} ${args.map(shellQuote).join(" ")}`, ["agent", "current", ...args]);
}

/** What a new login leaves on a machine whose baseline is on trial. */
export function knockCommand(trial: string): string {
  return asRoot(knockScript(shellQuote(trial)), ["knock", trial]);
}

/** Removes archives that have been unpacked. */
export function forgetCommand(sha256s: readonly string[]): string {
  return asRoot(sha256s.map(forgetScript).join("; "), ["forget", ...sha256s]);
}

/** The one decisive step of a confirm. Exit code `NOT_PREPARED` when the switch is no longer there: the machine went back. */
export function decideCommand(app: string, applyId: string): string {
  return asRoot(decideScript(shellQuote(app), shellQuote(applyId)), ["decide", app, applyId]);
}
