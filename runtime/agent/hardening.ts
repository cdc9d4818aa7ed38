/** Renders what services give up of what they could do. Pure. */

/**
 * What both the apps and Caddy give up (systemd.exec(5)). Not MemoryDenyWriteExecute, as V8 compiles at run time;
 * not ProcSubset=pid, which hides /proc/meminfo and /proc/loadavg.
 * @param capabilities The only ones kept, for example "CAP_NET_BIND_SERVICE".
 */
export function renderHardening({ capabilities, addressFamilies }: { capabilities: string; addressFamilies: string }): string {
  return `UMask=0027
NoNewPrivileges=yes
CapabilityBoundingSet=${capabilities}
AmbientCapabilities=${capabilities}
ProtectSystem=strict
ProtectHome=yes
ProtectProc=invisible
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
PrivateTmp=yes
PrivateDevices=yes
${capabilities === "" ? "PrivateUsers=yes\n" : ""}RemoveIPC=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictNamespaces=yes
RestrictAddressFamilies=${addressFamilies}
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
`;
}
