/** What a rollout needs of a machine, whatever the way to it. */

export interface RunOptions {
  /** Given to the command as its standard input; later, where it is a promise, which must not fail. */
  stdin?: string | Promise<string>;
  /** A local file given as standard input instead. */
  stdinFile?: string;
  /** Bytes that are no text, given as standard input instead. */
  stdinBytes?: Buffer;
  /** A local file that gets standard output, instead of the result. */
  stdoutFile?: string;
  /** Called with each whole line of standard output as it comes. */
  onLine?: (line: string) => void;
  /** The command is ended after this long. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

export interface RunResult {
  /** Exit code of the remote command. */
  code: number;
  stdout: string;
  stderr: string;
}

export interface Connection {
  /** Runs a shell command on the machine. @throws TransportFailure when the machine can't be talked to */
  run(command: string, options?: RunOptions): Promise<RunResult>;
  close(): Promise<void>;
}

/** Why a machine could not be talked to. Only `unreachable` may be waited for or left out of a rollout. */
export type TransportProblem = "unreachable" | "host-key" | "login" | "ended";

export class TransportFailure extends Error {
  override readonly name = "TransportFailure";
  readonly problem: TransportProblem;

  constructor(problem: TransportProblem, message: string) {
    super(message);
    this.problem = problem;
  }
}

/** Beyond a command's own time: for the transport to notice and say why. */
const GRACE_MS = 2_000;

/** The same connection, that keeps a command's time also where the way itself has stopped answering. */
export function keepingTime(connection: Connection, graceMs = GRACE_MS): Connection {
  return {
    close: () => connection.close(),
    run: (command, options = {}) => {
      const running = connection.run(command, options);
      if (options.timeoutMs === undefined) return running;
      const late = Promise.withResolvers<never>();
      const timer = setTimeout(
        () => late.reject(new TransportFailure("ended", `no end after ${options.timeoutMs} ms`)),
        options.timeoutMs + graceMs,
      );
      return Promise.race([running, late.promise]).finally(() => clearTimeout(timer));
    },
  };
}
