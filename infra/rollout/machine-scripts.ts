/**
 * The shell of what a machine does before it has an agent, or without one. Each argument is a word of that shell: a value that was
 * checked, or a variable of the gate's script, which holds one. Pure: text in, text out.
 */
import { shellQuote } from "../shell.ts";

export const RUNTIME_FOLDER = "/opt/fleetwright/runtime";
/** A link to one of them. */
export const CURRENT_RUNTIME = "/opt/fleetwright/current";
export const CURRENT_AGENT = `${CURRENT_RUNTIME}/bin/fleethost`;
export const SECRET_KEY_FILE = "/var/lib/fleetwright/secret.key";
const INCOMING_FOLDER = "/var/lib/fleetwright/incoming";

/** Where `receiveScript` puts an archive. */
export function incomingPath(sha256: string): string {
  return `${INCOMING_FOLDER}/${sha256}.tar.gz`;
}

/** Takes an archive on standard input and keeps it under its hash; a cut-off or changed one is refused. */
export function receiveScript(sha256: string): string {
  const path = incomingPath(sha256);
  return (
    `set -e; umask 077; mkdir -p ${INCOMING_FOLDER}; t=${path}.$$; trap 'rm -f "$t"' EXIT; cat > "$t"; ` +
    `echo "${sha256}  $t" | sha256sum -c --quiet -; mv "$t" ${path}`
  );
}

/**
 * Unpacks a received runtime bundle under its id, at once or not at all, and makes it the machine's current one. There may be no
 * agent yet that could judge it: a shell does, before anything is unpacked.
 */
export function installRuntimeScript(id: string, archiveSha256: string): string {
  const target = `${RUNTIME_FOLDER}/${id}`;
  const archive = incomingPath(archiveSha256);
  return (
    `set -e; umask 022; mkdir -p ${RUNTIME_FOLDER}; t=${RUNTIME_FOLDER}/.${id}.$$; trap 'rm -rf "$t" "$t.tar" ${archive}' EXIT; ` +
    // Synced before it has its name: what is there counts as whole, also after a power cut.
    `if [ ! -d ${target} ]; then ${judgeBundle(archive, archiveSha256)}; mkdir "$t"; ` +
    `tar -xf "$t.tar" -C "$t" --no-same-owner; rm "$t.tar"; sync -f "$t"; mv -T "$t" ${target}; fi; ` +
    currentLink(id)
  );
}

/** Far more than a whole bundle. In blocks of 512 bytes, as dash counts. */
const LARGEST_FILE_BLOCKS = 2 * 2 ** 20;

/**
 * Unpacks the compression alone, into `$t.tar`, as that is most of the work and would else be done thrice. A bundle has nothing but
 * files and folders with the two modes that we give; what else is there is refused by name.
 */
function judgeBundle(archive: string, sha256: string): string {
  const refuse = (what: string) => `{ echo "the runtime bundle is refused: ${what}" >&2; exit 1; }`;
  const list = (options: string) => `tar ${options} "$t.tar" --no-seek --quoting-style=escape`;
  return [
    `ulimit -f ${LARGEST_FILE_BLOCKS}`,
    `echo "${sha256}  ${archive}" | sha256sum -c --status - || ${refuse("it is not the archive that the rollout names")}`,
    `gzip -dc ${archive} > "$t.tar" && names=$(${list("-tPf")}) && modes=$(${list("-tvPf")}) || ${refuse("it can't be read")}`,
    `bad=$(printf "%s\n" "$names" | grep -E "^/|(^|/)[.][.](/|$)|[\\\\]" | head -n 1) || :; [ -z "$bad" ] || ${refuse("$bad leads outside its folder")}`,
    `bad=$(printf "%s\n" "$names" | sed "s:/*\$::" | sort | uniq -d | head -n 1); [ -z "$bad" ] || ${refuse("$bad is there twice")}`,
    `bad=$(printf "%s\n" "$modes" | grep -vE "^(-rw-r--r--|-rwxr-xr-x|drwxr-xr-x) " | head -n 1) || :; ` +
      `[ -z "$bad" ] || ${refuse("neither a plain file nor a folder: $bad")}`,
  ].join("; ");
}

/** Points `current` at an installed bundle. */
export function useRuntimeScript(id: string): string {
  return `set -e; ${currentLink(id)}`;
}

function currentLink(id: string): string {
  return `ln -sfn ${RUNTIME_FOLDER}/${id} /opt/fleetwright/.current.$$; mv -T /opt/fleetwright/.current.$$ ${CURRENT_RUNTIME}`;
}

/** What a new login leaves on a machine whose baseline is on trial. */
export function knockScript(trial: string): string {
  return `: > /run/fleetwright/came-through.${trial}`;
}

/** Removes an archive that has been unpacked. */
export function forgetScript(sha256: string): string {
  return `rm -f ${incomingPath(sha256)}`;
}

/** Exit code of `decideScript`: the switch is no longer there, as the machine went back. */
export const NOT_PREPARED = 9;
const LOCK_WAIT_S = 10;

const RENAME =
  `cd "/var/lib/fleetwright/$1" || exit ${NOT_PREPARED}; prepared="confirm-$2.json"; ` +
  `if [ -e "$prepared" ]; then mv -T "$prepared" state.json && sync -f state.json; ` +
  `else grep -qF "\\"applyId\\":\\"$2\\"" state.json || exit ${NOT_PREPARED}; fi`;

/**
 * The one decisive step of a confirm, which `fleethost confirm --prepare` has prepared: a rename, under the machine's lock, without
 * an agent's start, so that all machines do it within the same few milliseconds. Asked again, it says the same.
 */
export function decideScript(app: string, applyId: string): string {
  return `exec flock -w ${LOCK_WAIT_S} /run/fleetwright/agent.lock sh -c ${shellQuote(RENAME)} decide ${app} ${applyId}`;
}
