/** What must fit together in an app's configuration: which keys go with which kind of entry. Pure. */
import type { RecycleConfig, WorkersConfig } from "../../runtime/manifest.ts";
import { at, type Finding } from "./finding.ts";

export interface EntryKeys {
  asgi?: string | undefined;
  node?: string | undefined;
  wsgi?: string | undefined;
  command?: string[] | undefined;
  listen?: Listen | undefined;
  probe?: string | undefined;
  readyAfterMs?: number | undefined;
  slots?: number | undefined;
  portBase?: number | undefined;
}

export interface AppKeys extends EntryKeys {
  recycle?: RecycleConfig | undefined;
  accessLog?: boolean | undefined;
  once?: { name: string }[] | undefined;
}

/** A problem at its path, with the mend. */
export type Listen = "fd" | "port" | "socket";

const entries = ["asgi", "node", "wsgi", "command"] as const;
const ofCommands = ["listen", "probe", "readyAfterMs", "slots", "portBase"] as const;
const listens = ["fd", "port", "socket"] as const;

export const NOTHING_TO_SERVE = 'a fleet serves HTTPS, and a command with "none" has nothing to serve; use "port", "socket" or "fd"';

const LISTEN_MEND =
  "write {port}, {socket} or {fd} where its arguments have the address, " +
  'or set "listen: port" (it finds its port in PORT), or "listen: fd" (it takes systemd\'s LISTEN_FDS)';

/** How the command takes connections, by what it says or by the one placeholder in it; undefined when that isn't clear. */
export function listenOf({ command = [], listen }: Pick<EntryKeys, "command" | "listen">): Listen | undefined {
  if (listen !== undefined) return listen;
  const named = placeholders(command);
  return named.length === 1 ? named[0] : undefined;
}

export function appFindings(app: AppKeys): Finding[] {
  const byKind = app.command === undefined ? withoutCommand(app) : withCommand(app, app.command);
  return [...entryFindings(app), ...byKind, ...jitterFindings(app), ...onceFindings(app)];
}

export function workersFindings({ count, min = 1, max = 512 }: Pick<WorkersConfig, "count" | "min" | "max">): Finding[] {
  if (min > max) return [at("min", `is ${min}, more than "max" (${max}): make it ${max} or less`)];
  if (count === "auto" || (count >= min && count <= max)) return [];
  return [at("count", `is ${count}, outside of what "min" and "max" allow (${min} to ${max})`)];
}

function entryFindings(app: AppKeys): Finding[] {
  const [first, ...others] = entries.filter((key) => app[key] !== undefined);
  return others.map((key) => at(key, `give either "${first}" or "${key}", not both: an app has one entry`));
}

function withoutCommand(app: AppKeys): Finding[] {
  return unwanted(app, ofCommands, 'goes with "command" only: the other kinds know how to listen; remove it');
}

function withCommand(app: AppKeys, command: string[]): Finding[] {
  const listening = listenFinding(app, command);
  const byListen = listening !== undefined ? [listening] : listenOf(app) === "fd" ? onSharedSocket(app) : onSlots(app);
  return [...byListen, ...uncountable(app)];
}

function listenFinding({ listen }: AppKeys, command: string[]): Finding | undefined {
  const named = placeholders(command);
  const [only] = named;
  if (named.length > 1)
    return at("command", `has ${named.map((name) => `{${name}}`).join(" and ")}; a command listens in one way: keep one of them`);
  if (listen === undefined) return only === undefined ? at("command", `doesn't say where it listens: ${LISTEN_MEND}`) : undefined;
  if (only !== undefined && only !== listen)
    return at("listen", `is "${listen}", but the command has {${only}}: set it to "${only}", or write {${listen}}`);
  if (listen === "socket" && only === undefined)
    return at("command", "doesn't say where its socket is to be: write {socket} where its arguments have the path");
  return undefined;
}

function onSharedSocket(app: AppKeys): Finding[] {
  return [
    ...unwanted(app, ["slots", "portBase"], 'goes with "listen: port" or "socket": all workers share one socket here; remove it'),
    ...unwanted(app, ["probe"], 'can\'t be asked of one worker among those that share a socket; remove it, or set "readyAfterMs"'),
  ];
}

function onSlots(app: AppKeys): Finding[] {
  return unwanted(
    app,
    ["readyAfterMs"],
    'goes with "listen: fd": this one is ready when it answers "probe" or takes a connection; remove it',
  );
}

/** Nobody of ours sees a command's requests. */
function uncountable({ recycle, accessLog }: AppKeys): Finding[] {
  const counted = recycle?.maxRequests === undefined ? [] : ["recycle.maxRequests"];
  const logged = accessLog === true ? ["accessLog"] : [];
  return [
    ...counted.map((key) => at(key, 'a command\'s requests can\'t be counted; use "lifetimeMs" or "memoryMiB"')),
    ...logged.map((key) => at(key, "a command writes its own, or none; remove it")),
  ];
}

function jitterFindings({ recycle = {} }: AppKeys): Finding[] {
  if (recycle.maxRequestsJitter === undefined || recycle.maxRequests !== undefined) return [];
  return [at("recycle.maxRequestsJitter", 'is added to "maxRequests": give that, too')];
}

/** A step is known by its name. */
function onceFindings({ once = [] }: AppKeys): Finding[] {
  const again = once.flatMap(({ name }, index) => (once.findIndex((step) => step.name === name) < index ? [{ name, index }] : []));
  return again.map(({ name, index }) => at(`once.${index}.name`, `is "${name}", like another step's: give it a name of its own`));
}

function unwanted(app: AppKeys, keys: readonly (keyof AppKeys)[], message: string): Finding[] {
  return keys.filter((key) => app[key] !== undefined).map((key) => at(key, message));
}

function placeholders(command: string[]): Listen[] {
  return listens.filter((name) => command.some((part) => part.includes(`{${name}}`)));
}
