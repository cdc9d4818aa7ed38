/** The scripts that make the deploy user on a machine and take it away: run by root, each as often as one likes. Pure. */
import { gateScript } from "./gate-script.ts";
import { DEPLOY_HOME, DEPLOY_USER, GATE_FOLDER, GATE_PATH, RUNTIMES_FILE, SUDOERS_FILE } from "./place.ts";

/** A bundle that the gate may install. */
export interface AllowedRuntime {
  id: string;
  archiveSha256: string;
}

export interface DeployUserOptions {
  /** Lines of an `authorized_keys` file, without options; none keeps those that are there. */
  keys: readonly string[];
  /** `any`: whoever has the deploy user's key can become root by a bundle of their own. */
  runtimes: readonly AllowedRuntime[] | "any";
}

/**
 * sudo's rule. The environment is cleared whatever the machine's own `Defaults` keep of it. sudoers(5)
 */
const SUDOERS = `# Fleetwright's deploy user: one rule, for one program. \`fleet deploy-user\` wrote it.
Defaults:${DEPLOY_USER} env_reset, !setenv, !env_keep, !env_check, secure_path="/usr/sbin:/usr/bin:/sbin:/bin"
${DEPLOY_USER} ALL=(root) NOPASSWD: ${GATE_PATH}
`;

/** Nothing is the user's own: whoever has its key can't leave another one, or a program, behind. `*` as password: none fits. */
const USER = `if id -u ${DEPLOY_USER} >/dev/null 2>&1; then
  [ "$(id -u ${DEPLOY_USER})" != 0 ] || fail "${DEPLOY_USER} is root by another name"
  usermod --home ${DEPLOY_HOME} --shell /bin/sh --groups '' ${DEPLOY_USER}
else
  useradd --system --user-group --home-dir ${DEPLOY_HOME} --no-create-home --shell /bin/sh --password '*' ${DEPLOY_USER}
fi
install -d -m 755 -o root -g root ${DEPLOY_HOME} ${DEPLOY_HOME}/.ssh ${GATE_FOLDER}`;

/** Makes the user, its keys, the gate and sudo's rule; or brings them up to date. */
export function setupScript({ keys, runtimes }: DeployUserOptions): string {
  const allowed = runtimes === "any" ? ["any"] : runtimes.map(({ id, archiveSha256 }) => `${id} ${archiveSha256}`);
  return `#!/bin/sh
# Makes Fleetwright's deploy user. Run it as root on the machine; again to change its keys, or the runtime bundles that it may install.
set -eu
umask 022
fail() { echo "fleet deploy-user: $1" >&2; exit 1; }
[ "$(id -u)" = 0 ] || fail "this needs root"
command -v visudo >/dev/null || fail "sudo isn't installed here: apt-get install sudo"

${USER}
${keys.length === 0 ? keepKeys : put(`${DEPLOY_HOME}/.ssh/authorized_keys`, "644", keys.map(authorized).join(""))}
${put(GATE_PATH, "755", gateScript())}
${put(RUNTIMES_FILE, "644", allowed.map((line) => `${line}\n`).join(""))}
${put(SUDOERS_FILE, "440", SUDOERS, 'visudo -cqf "$new"')}
sudo -n -l -U ${DEPLOY_USER}
`;
}

const keepKeys = `[ -s ${DEPLOY_HOME}/.ssh/authorized_keys ] || fail "the user has no key yet: give one with --key FILE"`;

/** No forwarding of any kind, no own rc file; a terminal for \`fleet ssh\`. sshd(8), "AUTHORIZED_KEYS FILE FORMAT" */
const authorized = (key: string): string => `restrict,pty ${key.trim()}\n`;

/** Replaces a file at once. @param check a command that must agree with "$new" first */
function put(path: string, mode: string, text: string, check = ":"): string {
  return `new=${path}.new.$$
cat > "$new" <<'FLEETWRIGHT'
${text}FLEETWRIGHT
chown root:root "$new"; chmod ${mode} "$new"; ${check} || { rm -f "$new"; fail "${path} would be wrong"; }
mv -T "$new" ${path}`;
}

/** Takes all of it away; what was deployed stays. */
export function removalScript(): string {
  return `#!/bin/sh
# Removes Fleetwright's deploy user. What was deployed stays.
set -eu
[ "$(id -u)" = 0 ] || { echo "fleet deploy-user: this needs root" >&2; exit 1; }
rm -rf ${SUDOERS_FILE} ${GATE_FOLDER} ${DEPLOY_HOME}
if id -u ${DEPLOY_USER} >/dev/null 2>&1; then userdel ${DEPLOY_USER}; fi
`;
}
