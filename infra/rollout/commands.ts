/** Shell commands that a rollout runs on machines. Pure: text in, text out. */
import { shellQuote } from "../shell.ts";

const RUNTIME_FOLDER = "/opt/fleetwright/runtime";
const INCOMING_FOLDER = "/var/lib/fleetwright/incoming";

/** Becomes root where the login isn't. */
const asRoot = (script: string): string =>
  `if [ "$(id -u)" = 0 ]; then exec sh -c ${shellQuote(script)}; else exec sudo -n sh -c ${shellQuote(script)}; fi`;

/** Prints what the machine is and, where an agent is installed, its status. Changes nothing. */
export function probeScript(): string {
  const report = `${RUNTIME_FOLDER.replace(/runtime$/, "current")}/bin/fleethost`;
  return [
    // Not echo: the login's shell may be dash, whose echo turns the \n inside JSON into a line break.
    'say() { printf "fleetwright.%s=%s\\n" "$1" "$2"; }',
    'say os "$(. /etc/os-release; echo "$ID")"',
    'say os-version "$(. /etc/os-release; echo "$VERSION_ID")"',
    'say arch "$(uname -m)"',
    'say python "$(python3 -c \'import sys; print("%d.%d" % sys.version_info[:2])\' 2>/dev/null)"',
    'say cores "$(nproc)"',
    `say runtimes "$(ls ${RUNTIME_FOLDER} 2>/dev/null | tr '\\n' ' ')"`,
    'sudo=""; root=yes',
    'if [ "$(id -u)" != 0 ]; then sudo="sudo -n"; sudo -n true 2>/dev/null || root=no; fi',
    "say root $root",
    'if [ $root = yes ]; then say secret-key "$($sudo cat /var/lib/fleetwright/secret.key 2>/dev/null)"; fi',
    `if [ $root = yes ] && [ -x ${report} ]; then say status "$($sudo ${report} status --json 2>/dev/null)"; fi`,
    "say end yes",
  ].join("\n");
}

/** Takes an archive on standard input and keeps it under its hash; a cut-off or changed one is refused. */
export function receiveCommand(sha256: string): string {
  const path = incomingPath(sha256);
  return asRoot(
    `set -e; umask 077; mkdir -p ${INCOMING_FOLDER}; t=${path}.$$; trap 'rm -f "$t"' EXIT; cat > "$t"; ` +
      `echo "${sha256}  $t" | sha256sum -c --quiet -; mv "$t" ${path}`,
  );
}

/** Where `receiveCommand` puts an archive. */
export function incomingPath(sha256: string): string {
  return `${INCOMING_FOLDER}/${sha256}.tar.gz`;
}

/**
 * Unpacks a received runtime bundle under its id, at once or not at all, and makes it the machine's current one. There may be no
 * agent yet that could judge it: a shell does, before anything is unpacked.
 */
export function installRuntimeCommand(id: string, archiveSha256: string): string {
  return asRoot(installRuntimeScript(id, archiveSha256));
}

/** The same for a shell that is root's. Both may be a shell's variables, as in a boot script: `$id`. */
export function installRuntimeScript(id: string, archiveSha256: string): string {
  const target = `${RUNTIME_FOLDER}/${id}`;
  const archive = incomingPath(archiveSha256);
  return (
    `set -e; umask 022; mkdir -p ${RUNTIME_FOLDER}; t=${RUNTIME_FOLDER}/.${id}.$$; trap 'rm -rf "$t" ${archive}' EXIT; ` +
    // Synced before it has its name: what is there counts as whole, also after a power cut.
    `if [ ! -d ${target} ]; then ${judgeBundle(archive, archiveSha256)}; mkdir "$t"; ` +
    `tar -xzf ${archive} -C "$t" --no-same-owner; sync -f "$t"; mv -T "$t" ${target}; fi; ` +
    currentLink(id)
  );
}

/** Far more than any file of a bundle. In blocks of 512 bytes, as dash counts. */
const LARGEST_FILE_BLOCKS = 2 * 2 ** 20;

/** A bundle has nothing but files and folders with the two modes that we give; what else is there is refused by name. */
function judgeBundle(archive: string, sha256: string): string {
  const refuse = (what: string) => `{ echo "the runtime bundle is refused: ${what}" >&2; exit 1; }`;
  return [
    `ulimit -f ${LARGEST_FILE_BLOCKS}`,
    `echo "${sha256}  ${archive}" | sha256sum -c --status - || ${refuse("it is not the archive that the rollout names")}`,
    `names=$(tar -tPzf ${archive} --quoting-style=escape) && modes=$(tar -tvPzf ${archive} --quoting-style=escape) || ${refuse("it can't be read")}`,
    `bad=$(printf "%s\n" "$names" | grep -E "^/|(^|/)[.][.](/|$)|[\\\\]" | head -n 1) || :; [ -z "$bad" ] || ${refuse("$bad leads outside its folder")}`,
    `bad=$(printf "%s\n" "$names" | sed "s:/*\$::" | sort | uniq -d | head -n 1); [ -z "$bad" ] || ${refuse("$bad is there twice")}`,
    `bad=$(printf "%s\n" "$modes" | grep -vE "^(-rw-r--r--|-rwxr-xr-x|drwxr-xr-x) " | head -n 1) || :; ` +
      `[ -z "$bad" ] || ${refuse("neither a plain file nor a folder: $bad")}`,
  ].join("; ");
}

/** Points `current` at an installed bundle. */
export function useRuntimeCommand(id: string): string {
  return asRoot(`set -e; ${currentLink(id)}`);
}

function currentLink(id: string): string {
  return `ln -sfn ${RUNTIME_FOLDER}/${id} /opt/fleetwright/.current.$$; mv -T /opt/fleetwright/.current.$$ /opt/fleetwright/current`;
}

/** Runs the agent out of a given runtime bundle, as root. */
export function agentCommand(runtime: string, ...args: string[]): string {
  return asRoot(`exec ${RUNTIME_FOLDER}/${runtime}/bin/fleethost ${args.map(shellQuote).join(" ")}`);
}

/** Runs the machine's current agent, whatever bundle it is of. */
export function currentAgentCommand(...args: string[]): string {
  return asRoot(`exec /opt/fleetwright/current/bin/fleethost ${args.map(shellQuote).join(" ")}`);
}

/** What a new login leaves on a machine whose baseline is on trial. */
export function knockCommand(trial: string): string {
  return asRoot(`: > ${shellQuote(`/run/fleetwright/came-through.${trial}`)}`);
}

/** Removes an archive that has been unpacked. */
export function forgetCommand(sha256: string): string {
  return asRoot(`rm -f ${incomingPath(sha256)}`);
}

/**
 * The one decisive step of a confirm, which `fleethost confirm --prepare` has prepared: a rename, under the machine's lock, without
 * an agent's start, so that all machines do it within the same few milliseconds. Asked again, it says the same.
 * Exit code `NOT_PREPARED` when the switch is no longer there: the machine went back.
 */
export function decideCommand(app: string, applyId: string): string {
  const prepared = shellQuote(`confirm-${applyId}.json`);
  const rename =
    `cd ${shellQuote(`/var/lib/fleetwright/${app}`)} || exit ${NOT_PREPARED}; ` +
    `if [ -e ${prepared} ]; then mv -T ${prepared} state.json && sync -f state.json; ` +
    `else grep -q ${shellQuote(`"applyId":"${applyId}"`)} state.json || exit ${NOT_PREPARED}; fi`;
  return asRoot(`exec flock -w ${LOCK_WAIT_S} /run/fleetwright/agent.lock sh -c ${shellQuote(rename)}`);
}

export const NOT_PREPARED = 9;
const LOCK_WAIT_S = 10;
