/** Renders what services give up of what they could do (systemd.exec(5), systemd.resource-control(5)). Pure. */

/** Not MemoryDenyWriteExecute, as V8 compiles at run time; not ProcSubset=pid, which hides /proc/meminfo and /proc/loadavg. */
const COMMON = `NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
PrivateDevices=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictNamespaces=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@resources
SystemCallErrorNumber=EPERM
`;

/** Of the agent and of all secrets; what systemd hands to a unit, it has read before. */
const AGENTS_OWN = ["/var/lib/fleetwright", "/run/fleetwright"];
const SECRETS = "/etc/credstore";

export interface Confinement {
  /** The only ones kept, for example "CAP_NET_BIND_SERVICE". */
  capabilities: string;
  addressFamilies: string;
  /** Beside what is the agent's: paths that aren't there for it at all. */
  hidden?: readonly string[];
  /** Whether it has to know the values of all secrets. @default they aren't there for it, either */
  readsSecrets?: boolean;
}

/** What the apps and Caddy give up. */
export function renderHardening({ capabilities, addressFamilies, hidden = [], readsSecrets = false }: Confinement): string {
  const inaccessible = [...AGENTS_OWN, ...(readsSecrets ? [] : [SECRETS]), ...hidden];
  return `UMask=0027
CapabilityBoundingSet=${capabilities}
AmbientCapabilities=${capabilities}
${COMMON}SystemCallFilter=~@privileged
PrivateTmp=yes
ProtectProc=invisible
${capabilities === "" ? "PrivateUsers=yes\n" : ""}RemoveIPC=yes
RestrictAddressFamilies=${addressFamilies}
${inaccessible.map((path) => `InaccessiblePaths=-${path}\n`).join("")}`;
}

/**
 * What the agent gives up when nobody is logged in: it is root, but for what a switch back needs no more than this. Files of its own,
 * links and units; the firewall; and questions to what runs on this machine, never to another one.
 */
export function renderAgentHardening(): string {
  return `CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER CAP_FSETID CAP_NET_ADMIN
${COMMON}PrivateTmp=yes
ReadWritePaths=/etc /srv /run /var/lib /opt
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
IPAddressDeny=any
IPAddressAllow=localhost
`;
}

/** What loads the firewall's rules, early in the boot: nothing that would have it wait for anything. */
export function renderFirewallHardening(): string {
  return `CapabilityBoundingSet=CAP_NET_ADMIN
${COMMON}MemoryDenyWriteExecute=yes
RestrictAddressFamilies=AF_NETLINK
`;
}
