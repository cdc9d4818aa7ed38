/** Where the deploy user's things are on a machine. All of it is root's; the user itself owns nothing. */

/** Reserved: no app's user is called so, as those begin with `fw-`. */
export const DEPLOY_USER = "fleetwright-deploy";
export const DEPLOY_HOME = `/home/${DEPLOY_USER}`;
/** Not in `/opt/fleetwright`, which goes with a machine's last app. */
export const GATE_FOLDER = "/opt/fleetwright-deploy";
/** The one program that the deploy user may run as root. */
export const GATE_PATH = `${GATE_FOLDER}/gate`;
/** Runtime bundles that the gate installs: a line `ID SHA256-OF-ITS-ARCHIVE` each, or `any`. */
export const RUNTIMES_FILE = `${GATE_FOLDER}/runtimes`;
export const SUDOERS_FILE = "/etc/sudoers.d/fleetwright-deploy";
