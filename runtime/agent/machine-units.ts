/** Renders the units that a machine has once, whatever generation runs, and its users. Pure. */
import { renderAgentHardening, renderHardening } from "./hardening.ts";
import { pathsUnder, unitNames } from "./paths.ts";
import { appUser, caddyUser, unitMark } from "./units.ts";

/** The agent out of the newest runtime bundle: these units stay as they are when a new one comes. */
const FLEETHOST = "/opt/fleetwright/current/bin/fleethost";

/**
 * Caddy may bind the ports below 1024 and nothing else; its admin socket is its own.
 * @param binary Path by the binary's hash: the unit changes when Caddy does, not with every bundle.
 */
export function renderCaddyUnit(binary: string): string {
  const config = pathsUnder().caddyConfig;
  return `${unitMark}
[Unit]
Description=Caddy of Fleetwright
After=network.target
StartLimitIntervalSec=0

[Service]
Type=notify
ExecStart=${binary} run --config ${config}
ExecReload=${binary} reload --config ${config} --address unix//run/fleetwright-caddy/admin.sock
User=${caddyUser}
Group=${caddyUser}
RuntimeDirectory=fleetwright-caddy
RuntimeDirectoryMode=0750
StateDirectory=fleetwright-caddy
StateDirectoryMode=0750
Environment=HOME=/var/lib/fleetwright-caddy XDG_DATA_HOME=/var/lib/fleetwright-caddy XDG_CONFIG_HOME=/var/lib/fleetwright-caddy
TimeoutStartSec=60s
TimeoutStopSec=45s
Restart=always
RestartSec=1s
OOMScoreAdjust=-100
LimitNOFILE=1048576
${renderHardening({ capabilities: "CAP_NET_BIND_SERVICE", addressFamilies: "AF_UNIX AF_INET AF_INET6" })}
[Install]
WantedBy=multi-user.target
`;
}

/** Runs before the sockets and apps at boot. Only edits files and links: a job ordered after itself would never come. */
export function renderConvergeUnit(): string {
  return `${unitMark}
[Unit]
Description=Fleetwright: undo what was not confirmed before the boot
DefaultDependencies=no
RequiresMountsFor=/srv /var/lib/fleetwright /opt/fleetwright
After=sysinit.target
Before=sockets.target shutdown.target
Conflicts=shutdown.target

[Service]
Type=oneshot
ExecStart=${FLEETHOST} converge
TimeoutStartSec=60s
${renderAgentHardening()}
[Install]
WantedBy=sockets.target
`;
}

/**
 * Watches the lease of a switch that isn't confirmed yet and goes back when it runs out; ends by itself otherwise.
 * Enabled, so that it also puts right what a power cut in the middle of a confirm left running.
 */
export function renderLeaseUnit(app: string): string {
  return `${unitMark}
[Unit]
Description=Fleetwright: goes back if the switch of ${app} isn't confirmed in time
After=${unitNames.converge}
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart=${FLEETHOST} lease --app ${app}
Restart=on-failure
RestartSec=5s
${renderAgentHardening()}
[Install]
WantedBy=multi-user.target
`;
}

/** sysusers.d(5): users without a home or a shell. */
export function renderUsers(app: string): string {
  const user = (name: string, about: string) => `u ${name} - "${about}" / /usr/sbin/nologin\n`;
  return `${unitMark}\n${user(caddyUser, "Caddy of Fleetwright")}${user(appUser(app), `${app} of Fleetwright`)}`;
}
