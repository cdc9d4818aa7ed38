/** What of each machine's own baseline the fleet keeps, as a program gives it. */

/** Each key can be turned off, for teams that have their own baseline; what was there of it is then taken away again. */
export interface HardeningArgs {
  /** Lets in SSH, HTTP and HTTPS only, by a table of nftables of our own; `false` leaves the machine's rules alone. @default on */
  firewall?: false | FirewallArgs;
  /** Nobody logs in by SSH with a password. @default true */
  sshKeysOnly?: boolean;
  /**
   * Debian's security updates come by themselves, by unattended-upgrades. `true`: a machine without that package is refused; "auto": it
   * is told of; `false`: apt's settings are left alone.
   * @default "auto"
   */
  upgrades?: boolean | "auto";
  /** A machine that has to be started again does so by itself, drained, in its own part of this window. @default false */
  reboots?: false | RebootsArgs;
}

/** All times are UTC. */
export interface RebootsArgs {
  /** Of the window's beginning. @default every day */
  days?: ("mon" | "tue" | "wed" | "thu" | "fri" | "sat" | "sun")[];
  /** @default "03:00" */
  from?: string;
  /** Over midnight where it is before `from`. @default "05:00" */
  to?: string;
}

export interface FirewallArgs {
  /**
   * Open connections to HTTP and HTTPS from one address, or one /64 of IPv6; `false` for any number.
   * @default 2048; any number with `https.mode: none`, as a balancer has few addresses
   */
  connectionsPerAddress?: false | number;
  /** More ways in. @default [] */
  allow?: AllowArgs[];
}

export interface AllowArgs {
  port: number;
  /** @default "tcp" */
  protocol?: "tcp" | "udp";
  /** Networks that may, such as "10.0.0.0/8". @default everybody */
  from?: string[];
}
