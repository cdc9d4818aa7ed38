/** Renders the firewall. Pure. */
import { basename, dirname } from "node:path";
import type { Allowed } from "../../hardening.ts";
import type { Manifest } from "../../manifest.ts";
import { slotsOf } from "../../slots.ts";
import { renderFirewallHardening } from "../hardening.ts";
import { pathsUnder } from "../paths.ts";
import { appUser, caddyUser, unitMark } from "../units.ts";

/** As nft(8) names it. */
export const TABLE = ["inet", "fleetwright"] as const;

/** Without what changes by itself: addresses that were counted, and counters. */
export const LIST = ["-t", "-s", "list", "table", ...TABLE] as const;

const NFT = "/usr/sbin/nft";

/**
 * In one transaction: nothing is let in or kept out in between. A packet that another table drops stays dropped.
 * @param sshd Ports that the machine's own sshd listens on.
 */
export function renderFirewall({ app, hardening, https }: Manifest, sshd: readonly number[]): string {
  const { sshPorts = [], connectionsPerAddress, allow = [] } = hardening?.firewall ?? {};
  const web = https.mode === "none" ? [https.httpPort] : [https.httpPort, https.httpsPort];
  const table = TABLE.join(" ");
  return `${unitMark}
add table ${table}
delete table ${table}
table ${table} {
${connectionsPerAddress === undefined ? "" : SETS}\
  chain input {
    type filter hook input priority filter; policy drop;
    iif lo accept
    ct state established,related accept
    # A connection that is older than these rules, whichever side speaks first. None can begin without a SYN.
    tcp flags & (fin | syn | rst | ack) != syn accept
${CONTROL}\
    tcp dport ${set([...sshPorts, ...sshd])} accept
${connectionsPerAddress === undefined ? "" : limit(web, connectionsPerAddress)}\
    tcp dport ${set(web)} accept
${https.mode === "none" ? "" : `    udp dport ${https.httpsPort} accept\n`}\
${allow.flatMap(allowed).join("")}\
  }
${workersPorts(app)}\
}
`;
}

/** A port has no owner as a file has: within the machine, too, those of the workers are for the app itself and for Caddy. */
function workersPorts({ name, processes: [{ command }] }: Manifest["app"]): string {
  const slots = slotsOf(name, command);
  if (slots?.listen !== "port") return "";
  const range = `${slots.portBase}-${slots.portBase + slots.count}`;
  const who = `{ 0, ${caddyUser}, ${appUser(name)} }`;
  return `  chain output {
    type filter hook output priority filter; policy accept;
    oif lo tcp dport ${range} ct state new meta skuid != ${who} reject with tcp reset
  }
`;
}

const SETS = `  set connections4 {
    type ipv4_addr
    size 65535
    flags dynamic
  }
  set connections6 {
    type ipv6_addr
    size 65535
    flags dynamic
  }
`;

/** RFC 4890 (section 4.4) for ICMPv6, RFC 1812 and 1191 for ICMP; addresses by DHCP (RFC 2131, RFC 8415). */
const CONTROL = `    icmp type { echo-request, destination-unreachable, time-exceeded, parameter-problem } accept
    icmpv6 type { echo-request, destination-unreachable, packet-too-big, time-exceeded, parameter-problem } accept
    icmpv6 type { nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert, nd-redirect } ip6 hoplimit 255 accept
    icmpv6 type { mld-listener-query, mld-listener-report, mld-listener-done, mld2-listener-report } ip6 saddr fe80::/10 accept
    udp sport 67 udp dport 68 accept
    ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept
`;

/** Told at once, so that a client needn't wait for a time-out. */
function limit(ports: readonly number[], most: number): string {
  const rule = (version: string, key: string) =>
    `    tcp dport ${set(ports)} ct state new add @connections${version} { ${key} ct count over ${most} } counter reject with tcp reset\n`;
  return rule("4", "ip saddr") + rule("6", "ip6 saddr & ffff:ffff:ffff:ffff::");
}

function allowed({ port, protocol, from }: Allowed): string[] {
  const rule = (source: string) => `    ${source}${protocol} dport ${port} accept\n`;
  if (from === undefined) return [rule("")];
  return from.map((network) => rule(`${network.includes(":") ? "ip6" : "ip"} saddr ${network} `));
}

const set = (ports: readonly number[]): string => `{ ${[...new Set(ports)].sort((a, b) => a - b).join(", ")} }`;

/** As Debian's nftables.service; after it, as its file usually begins with "flush ruleset". */
export function renderFirewallUnit(): string {
  const { firewall, firewallListing } = pathsUnder();
  // What nft makes of the rules, by which it is seen later whether somebody has changed them.
  const list = `/bin/sh -c "exec ${NFT} ${LIST.join(" ")} > ${firewallListing}"`;
  return `${unitMark}
[Unit]
Description=Fleetwright: what this machine lets in
DefaultDependencies=no
After=nftables.service
Wants=network-pre.target
Before=network-pre.target shutdown.target
Conflicts=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=${NFT} -f ${firewall}
ExecStart=${list}
ExecReload=${NFT} -f ${firewall}
ExecReload=${list}
ExecStop=${NFT} delete table ${TABLE.join(" ")}
RuntimeDirectory=${basename(dirname(firewallListing))}
RuntimeDirectoryMode=0700
StandardInput=null
${renderFirewallHardening()}
[Install]
WantedBy=sysinit.target
`;
}
