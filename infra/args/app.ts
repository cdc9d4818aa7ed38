/** What an app is, as a program gives it. */
import type { Input } from "@pulumi/pulumi";

export interface AppArgs {
  /** The app's folder. Relative to Pulumi.yaml in a stack's file, to the working directory in a program. */
  dir: string;
  /** Names units, folders and the system user on the machines. @default the fleet's name */
  name?: string;
  /** An ASGI application as `module:attribute`. @default detected: see README, "Which app" */
  asgi?: string;
  /** A Node module inside the app. @default detected */
  node?: string;
  /** A WSGI application (Flask, Django) as `module:attribute`. Never detected */
  wsgi?: string;
  /**
   * Any other server: program and arguments, without a shell. `{port}`, `{socket}` and `{fd}` in them say how it takes
   * connections, `{slot}` is the worker's number. A program with a slash is one of the app's folder.
   * Found by name are those of its `node_modules/.bin`, `node`, and the machine's.
   */
  command?: string[];
  /**
   * How the command takes connections. `port`: a port of each worker's own (`{port}`, and PORT in its environment).
   * `socket`: a unix socket of its own. `fd`: from the socket that all share, as descriptor `{fd}` and as systemd passes one.
   * @default by the placeholder in the command
   */
  listen?: "fd" | "port" | "socket";
  /** GET this path of the command's own port or socket: below 500 is ready, and later alive. @default a connection is enough */
  probe?: string;
  /** With `listen: fd`: a worker that lived for this long is ready. @default 1000 */
  readyAfterMs?: number;
  /** With `port` and `socket`: how many addresses there are, 2 to 64; twice the number of workers, or more. @default 16 */
  slots?: number;
  /** With `port` and `socket`: worker addresses are the ports after this one, which Caddy uses itself. @default 20000 */
  portBase?: number;
  /** Environment variables of the workers; not for secrets. */
  environment?: Record<string, Input<string>>;
  /**
   * Secrets by name, as a value or with the way in which the app gets it. A name is that of an environment variable; a value is
   * any text of 1 byte to 64 KiB, and 512 KiB together. Another value is another generation. Give Outputs as secrets
   * (`config.requireSecret`, `pulumi.secret`): what is plain before it comes here may be in the state as such. Machines of
   * `autoscaling`, and of `ec2` with `delivery: ssm`, can read them where they are kept at AWS.
   * @default none
   */
  secrets?: Record<string, Input<string> | SecretArgs | KeptSecretArgs>;
  health?: HealthArgs;
  /** A worker that isn't ready after this long is killed. @default 60000 */
  bootTimeoutMs?: number;
  /** A worker whose event loop is silent for this long is killed and replaced. @default 30000 */
  livenessTimeoutMs?: number;
  /** Requests under way get this long to end when their worker is replaced. @default 30000 */
  drainTimeoutMs?: number;
  /** Memory of the supervisor and all workers together, `MemoryMax=` of the unit. @default no limit */
  memoryMaxMiB?: number;
  /**
   * Steps before a rollout's first switch, in this order: a migration, say. Each runs on one machine, with the new release's code
   * and environment, once for each release. @default []
   */
  once?: OnceArgs[];
  /** When a worker that works is replaced all the same. @default never */
  recycle?: RecycleArgs;
  /** A line for each request, from the worker. Not for a command. @default false */
  accessLog?: boolean;
}

export interface SecretArgs extends SecretUse {
  value: Input<string>;
}

export interface SecretUse {
  /**
   * `environment`: a variable of the workers, and of nothing else on the machine. `credential`: the file
   * `$CREDENTIALS_DIRECTORY/NAME`, which only the app's user and root can read.
   * @default "environment"
   */
  as?: "environment" | "credential";
}

/** A secret that each machine of a group reads itself, by its role, when it starts. */
export type KeptSecretArgs = SecretUse & {
  /** ARN of the KMS key that it is encrypted with. @default AWS's own key, which needs no leave */
  kmsKey?: Input<string>;
} & (SecretsManagerArgs | ParameterArgs);

/** In Secrets Manager. */
export interface SecretsManagerArgs {
  /** The secret's whole ARN. */
  secretsManager: Input<string>;
  /** Of the JSON object that its text is. @default the whole text is the value */
  key?: string;
  /** Id of one version. @default the one that is current when a machine starts */
  version?: Input<string>;
}

/** In the parameter store of Systems Manager. */
export interface ParameterArgs {
  /** Its name or ARN; `:3` or `:label` behind it is one version. @default the newest when a machine starts */
  ssmParameter: Input<string>;
}

export interface OnceArgs {
  /** Names it in records and messages. */
  name: string;
  /** Program and arguments, without a shell: `["python3", "-m", "alembic", "upgrade", "head"]`. */
  command: string[];
  /** Whether it may simply be run again when it died in the middle. @default false: it is, when the operator says so */
  repeatable?: boolean;
  /** It is killed after this long. @default 600000 */
  timeoutMs?: number;
}

/** A new worker first, then the old one drains; one at a time. */
export interface RecycleArgs {
  /** After this many requests. Not for a command. */
  maxRequests?: number;
  /** Up to this many more, by chance, so that not all workers reach it together. */
  maxRequestsJitter?: number;
  /** When its memory (PSS) stays above this. */
  memoryMiB?: number;
  /** When it was ready for this long, less up to a tenth by chance. */
  lifetimeMs?: number;
}

export interface HealthArgs {
  /** Asked on every machine before a rollout goes on; must answer 200 to 399. @default "/", where anything below 500 will do */
  path?: string;
  /** @default 30000 */
  timeoutMs?: number;
}

export interface WorkersArgs {
  /** @default "auto" */
  count?: "auto" | number;
  /** Workers for each core. @default 1 */
  perCore?: number;
  /** Lower bound, for `auto` and for TTOU. @default 1 */
  min?: number;
  /** Upper bound, for `auto` and for TTIN. @default none */
  max?: number;
  /** Memory budget of one worker; `auto` starts no more than fit. @default none */
  memoryMiB?: number;
}
