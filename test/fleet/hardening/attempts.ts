/** What a worker tries, by the names of `app.js`. */

const state = "/var/lib/fleetwright-shop/x";

/** What is its own. */
export const own = [
  ["write", state],
  ["read", state],
  ["write", "/tmp/x"],
  ["list", "/usr/bin"],
] as const;

/** What isn't. */
export const others: Record<string, string[]> = {
  list: [
    ...["/root", "/home", "/home/neighbour", "/etc/credstore", "/etc/fleetwright"],
    ...["/var/lib/fleetwright", "/var/lib/fleetwright-caddy", "/run/fleetwright"],
  ],
  read: [
    ...["/etc/shadow", "/etc/ssh/ssh_host_ed25519_key", "/home/neighbour/notes", "/etc/fleetwright/caddy.json"],
    ...["/var/lib/fleetwright/secret.key", "/proc/1/environ"],
  ],
  write: [
    ...["server.js", "/srv/shop/x", "/etc/x", "/usr/x", "/opt/fleetwright/x", "/var/lib/x", "/run/x"],
    ...["/run/fleetwright-sockets/x", "/proc/sys/kernel/hostname"],
  ],
  connect: ["/run/fleetwright-caddy/admin.sock", "/run/fleetwright-caddy/local.sock", "/run/systemd/private"],
  kill: ["1"],
  run: ["mount -t tmpfs none /mnt", "unshare -r true", "ls -d /proc/1", "nft list ruleset", "dmesg", "hostname x"],
};
