/** Where machines come from, as a program gives it. */
import type { Input } from "@pulumi/pulumi";

/** Machines on this computer: real systemd in network namespaces of their own. Linux and root only. */
export interface LocalMachinesArgs {
  provider: "local";
  /** @default 2 */
  count?: number;
  /** Debian 13 or 12. @default "trixie" */
  image?: "trixie" | "bookworm";
  /** Cores of each machine in turn; the last entry holds for the rest. @default [1, "all"] */
  cores?: (number | "all")[];
  /**
   * CPU time that each machine may use, in cores, as `docker run --cpus`: 0.2 is what a small burstable VM has all the time. On a
   * computer whose kernel has no such limit, none holds. @default no limit
   */
  cpuQuota?: number;
}

/** Machines that are there already: any Debian 12 or 13 that answers SSH. */
export interface HostsArgs {
  provider: "hosts";
  hosts: HostArgs[];
}

export interface LoginArgs {
  address: Input<string>;
  /** @default 22 */
  port?: number;
  /** Root, a user with a password-less sudo, or `fleetwright-deploy`, which has neither: docs/deploy-user.md. @default "root" */
  user?: string;
  /** Private key's path on this computer; `~` is understood. @default the SSH agent's keys */
  privateKeyFile?: string;
  /** The private key itself; kept as a secret. */
  privateKey?: Input<string>;
  /** The machine's host key as `ssh-keyscan` prints it, without the address: `ssh-ed25519 AAAA…`. */
  hostKey: Input<string>;
}

export interface HostArgs extends LoginArgs {
  /** Names the machine in the fleet; two machines can't share one. */
  name: string;
  /** Domain names of this machine alone; see `https`. @default [] */
  domains?: string[];
  /** A machine to go through. */
  bastion?: LoginArgs;
}
