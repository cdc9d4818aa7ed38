/** Renders the units of an app. Pure; the machine's own units are in `machine-units.ts`. */
import { generationOf, type Manifest } from "../manifest.ts";
import { claimedFolder, DELIST_WAIT_MS, listedFolder, SOCKETS_FOLDER, slotsFolder, slotsOf } from "../slots.ts";
import { renderHardening } from "./hardening.ts";
import { pathsUnder, unitNames } from "./paths.ts";

/** First line of every unit of ours; one without it is somebody else's and never overwritten. */
export const unitMark = "# Written by Fleetwright. Changes are overwritten.";

/** The unprivileged user that an app runs as. */
export const appUser = (app: string): string => `fw-${app}`;
export const caddyUser = "fw-caddy";

/** Where Caddy finds an app whose workers share a socket. */
export const appSocketPath = (app: string): string => `${SOCKETS_FOLDER}/${app}.sock`;

/** Keys of certificates, and the socket by which it is told. */
const CADDYS_OWN = ["/etc/fleetwright", "/var/lib/fleetwright-caddy", "/run/fleetwright-caddy"];

/** The supervisor and systemd each need a moment after the workers' own deadlines, to say what happened. */
const START_MARGIN_MS = 15_000;
const STOP_MARGIN_MS = 10_000;

/** What systemd gives a service that says nothing of it (systemd.exec(5), "PATH"). */
const SYSTEM_PATH = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin"];

/**
 * The socket outlives every generation and is never restarted by a deploy.
 * @param generation The confirmed one: who is woken by a request when nothing runs.
 */
export function renderSocket(app: string, generation: string): string {
  return `${unitMark}
[Unit]
Description=${app}: the socket that its generations share
After=${unitNames.converge}

[Socket]
ListenStream=${appSocketPath(app)}
Service=${unitNames.generation(app, generation)}
SocketMode=0660
SocketGroup=${caddyUser}
DirectoryMode=0755
Backlog=4096
RemoveOnStop=yes

[Install]
WantedBy=sockets.target
`;
}

/** The unit of the generation that the manifest makes. */
export function renderGenerationUnit(manifest: Manifest): string {
  const { app, runtime } = manifest;
  const [web] = app.processes;
  const generation = generationOf(manifest);
  const folder = pathsUnder().generation(app.name, generation);
  return `${unitMark}
[Unit]
Description=${app.name}, generation ${generation}, release ${app.release.id.slice(0, 12)}
After=network.target nss-lookup.target ${unitNames.converge} ${unitNames.logs}
# A crash loop must not close the socket, nor need a reset before a mended app can start.
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=all
Sockets=${unitNames.socket(app.name)}
ExecStart=${pathsUnder().runtime(runtime)}/bin/fleethost run --generation ${folder}
ExecReload=/bin/kill -HUP $MAINPID
EnvironmentFile=${folder}/environment
EnvironmentFile=-${pathsUnder().startWith(app.name)}
${renderCredentials(manifest)}\
WorkingDirectory=${folder}/release/app
User=${appUser(app.name)}
Group=${appUser(app.name)}
RuntimeDirectory=fleetwright-${app.name}-${generation}
RuntimeDirectoryMode=0750
StateDirectory=fleetwright-${app.name}
StateDirectoryMode=0750
TimeoutStartSec=${web.bootTimeoutMs + START_MARGIN_MS}ms
TimeoutStopSec=${stopTimeoutMs(manifest)}ms
WatchdogSec=15s
Restart=always
RestartSec=1s
KillMode=mixed
OOMPolicy=continue
${app.memoryMaxMiB === undefined ? "" : `MemoryMax=${app.memoryMaxMiB}M\n`}LimitNOFILE=65536
${renderHardening({ capabilities: "", addressFamilies: "AF_UNIX AF_INET AF_INET6 AF_NETLINK", hidden: CADDYS_OWN })}\
${renderCommand(manifest)}# setpriv(1), which ties a worker's life to its supervisor's, drops capabilities that it doesn't have.
SystemCallFilter=capset

[Install]
WantedBy=multi-user.target
`;
}

/**
 * Where systemd takes each secret from, as root, before it starts something as the app's user. For any unit that runs the
 * app's code; what it starts finds them in $CREDENTIALS_DIRECTORY.
 */
export function renderCredentials({ app }: Manifest): string {
  return Object.entries(app.secrets ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { version }]) => `LoadCredential=${name}:${pathsUnder().credential(app.name, name, version)}\n`)
    .join("");
}

function stopTimeoutMs({ app }: Manifest): number {
  const [web] = app.processes;
  const delistMs = slotsOf(app.name, web.command) === undefined ? 0 : DELIST_WAIT_MS;
  return web.drainTimeoutMs + delistMs + STOP_MARGIN_MS;
}

/** What a command needs beside what every app does: its release's programs and our Node found by name, and its slots. */
function renderCommand(manifest: Manifest): string {
  const { app, runtime } = manifest;
  const [{ command }] = app.processes;
  if (command.kind !== "command") return "";
  const release = `${pathsUnder().generation(app.name, generationOf(manifest))}/release`;
  const path = [`${release}/app/node_modules/.bin`, `${pathsUnder().runtime(runtime)}/bin`, ...SYSTEM_PATH].join(":");
  const slots = slotsOf(app.name, command);
  return [
    `Environment=PATH=${path}`,
    ...(slots === undefined ? [] : [`ReadWritePaths=${slots.folder}`]),
    // A socket takes the folder's group, Caddy's, which needs to write to it.
    ...(slots?.listen === "socket" ? ["UMask=0007"] : []),
    "",
  ].join("\n");
}

/**
 * tmpfiles.d(5): the folders of an app's slots, made at each boot. The group of what is made in the first two is Caddy's.
 * Every app has them, so that going back and forth between an app with slots and one without needs nothing more.
 */
export function renderSlotFolders(app: string): string {
  const folder = slotsFolder(app);
  const user = appUser(app);
  return `${unitMark}
d ${SOCKETS_FOLDER} 0755 root root -
d ${folder} 2750 ${user} ${caddyUser} -
d ${listedFolder({ folder })} 2750 ${user} ${caddyUser} -
d ${claimedFolder({ folder })} 0700 ${user} ${user} -
`;
}
