/** Asks a machine what it is and what it runs: read-only, with a deadline. */
import { setTimeout as sleep } from "node:timers/promises";
import { statusSchema } from "../../runtime/report.ts";
import { DEPLOY_USER } from "../deploy-user/place.ts";
import { FleetError } from "../errors.ts";
import type { Transport } from "../machines/machine.ts";
import { probeScript } from "./commands.ts";
import { type Facts, isSupported, type Observation, parseFacts } from "./observation.ts";
import { type Connection, TransportFailure } from "./transports/connection.ts";
import { sshConnection } from "./transports/ssh.ts";

/** How long a machine that answers gets for its report. */
const REPORT_TIMEOUT_MS = 20_000;
const RETRY_MS = 500;

/**
 * Observes one machine; one that doesn't answer is asked again until `connectTimeoutMs` has passed.
 * @throws FleetError when it answers but can't be used: another host key, a refused login, no sudo, an unsupported system
 */
export async function observe(name: string, transport: Transport, connectTimeoutMs: number): Promise<Observation> {
  const connection = sshConnection(transport, connectTimeoutMs);
  try {
    return await observeThrough(name, transport, connection, connectTimeoutMs);
  } finally {
    await connection.close();
  }
}

/** The same over a connection that is open already. */
export async function observeThrough(
  name: string,
  transport: Transport,
  connection: Connection,
  connectTimeoutMs: number,
): Promise<Observation> {
  const startedMs = performance.now();
  for (;;) {
    try {
      const result = await connection.run(probeScript(), { timeoutMs: REPORT_TIMEOUT_MS + connectTimeoutMs });
      return understand(name, transport, result.stdout, result.stderr);
    } catch (error) {
      if (!(error instanceof TransportFailure)) throw error;
      if (error.problem !== "unreachable" && error.problem !== "ended") throw unusable(name, refused(transport, error));
      const waitedMs = performance.now() - startedMs;
      if (waitedMs >= connectTimeoutMs) return { state: "unreachable", why: error.message, waitedMs };
      await sleep(RETRY_MS);
    }
  }
}

function understand(name: string, transport: Transport, stdout: string, stderr: string): Observation {
  const probe = parseFacts(stdout);
  if (probe === undefined) {
    // Its own words only: among our answers is the machine's key for secrets.
    const said = [...stdout.split("\n"), ...stderr.split("\n")].filter((line) => line !== "" && !line.includes("fleetwright."));
    const next = `log in by hand (ssh ${transport.user}@${transport.host}) and see whether the shell prints or asks something at login.`;
    throw unusable(name, { what: "it answered the login, but not our questions.", next }, said.slice(-10));
  }
  const problem = problemOf(name, transport, probe.facts);
  if (problem !== undefined) throw unusable(name, problem);
  const status = probe.status === undefined ? undefined : statusSchema.safeParse(probe.status).data;
  const { facts, runtimes, currentRuntime, secretKey } = probe;
  return { state: "reachable", facts, runtimes, currentRuntime, apps: status?.apps ?? [], secretKey };
}

/** A problem with a machine, and its mend. */
interface Problem {
  what: string;
  next: string;
}

function problemOf(name: string, transport: Transport, facts: Facts): Problem | undefined {
  if (!["12", "13"].includes(facts.osVersion) || facts.os !== "debian") {
    return {
      what: `it runs ${facts.os} ${facts.osVersion}; Fleetwright needs Debian 12 or 13.`,
      next: "use a machine with one of these systems, or take it out of the configuration.",
    };
  }
  if (!isSupported(facts)) {
    return {
      what: `its processor is ${facts.arch}; Fleetwright runs on x86_64 and aarch64.`,
      next: "use a machine with one of these processors, or take it out of the configuration.",
    };
  }
  return facts.root ? undefined : notRoot(name, transport);
}

function notRoot(name: string, { user }: Transport): Problem {
  if (user === DEPLOY_USER) {
    return {
      what: `its gate doesn't answer user "${DEPLOY_USER}".`,
      next: `an administrator sets the user up: fleet deploy-user ${name} (see docs/deploy-user.md).`,
    };
  }
  return {
    what: `user "${user}" is not root and "sudo -n" was refused.`,
    next:
      `set machines.hosts[].user to "root" or, without root, to "${DEPLOY_USER}" (docs/deploy-user.md); ` +
      `or allow sudo without a password: echo '${user} ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/fleetwright`,
  };
}

function refused({ user, host, port }: Transport, failure: TransportFailure): Problem {
  if (failure.problem === "host-key") {
    return {
      what: `${host} has another host key than the one in the configuration.`,
      next:
        `if the machine was rebuilt, compare "ssh-keyscan -p ${port} ${host}" with its console and set hostKey; ` +
        "if not, somebody may be in between.",
    };
  }
  return {
    what: `the SSH login as ${user}@${host}:${port} was refused (${failure.message}).`,
    next:
      "check user and privateKeyFile, or load the key into the SSH agent (ssh-add -l lists it), " +
      "and that the machine has it in authorized_keys.",
  };
}

function unusable(machine: string, { what, next }: Problem, log?: string[]): FleetError {
  return new FleetError(what, { machine, ...(log === undefined ? {} : { log }), kept: "everything; nothing was changed.", next });
}
