/**
 * requirements.txt as a lock file: every package that will be installed is named in it with one version.
 * Otherwise a release would not be decided by its inputs, and tomorrow's build of the same app could be another one.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { FleetError } from "../errors.ts";

export interface Pin {
  /** As PEP 503 writes it: lower case, runs of `-`, `_` and `.` as one dash. */
  name: string;
  version: string;
}

export interface Problem {
  line: number;
  text: string;
  why: string;
}

export interface Requirements {
  pins: Pin[];
  /** Files named by `-r`, relative to this one. */
  includes: string[];
  problems: Problem[];
}

export interface PythonLock {
  pins: Pin[];
  /** Relative path and text of each file read; the lock is decided by these. */
  files: [path: string, text: string][];
}

/** The file looked for in an app's folder. */
export const REQUIREMENTS = "requirements.txt";

const makeLock =
  `Write the versions down: \`uv pip compile requirements.in -o ${REQUIREMENTS}\`, or \`pip-compile\`, ` +
  "or `pip freeze` in a virtual environment that works.";

export function normalName(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]+/g, "-");
}

/** Pure. Options that say where packages come from, and hashes, are pip's affair and pass. */
export function parseRequirements(text: string): Requirements {
  const result: Requirements = { pins: [], includes: [], problems: [] };
  for (const { line, text: raw } of logicalLines(text)) {
    const requirement = raw.replaceAll(/\s--hash[= ]\S+/g, "").trim();
    const include = /^(?:-r|--requirement)[= ]?\s*(\S+)$/.exec(requirement)?.[1];
    const pin = /^([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*={2,3}\s*([^\s;*,=]+)\s*(?:;.*)?$/.exec(requirement);
    if (include !== undefined) result.includes.push(include);
    else if (pin?.[1] !== undefined && pin[2] !== undefined) result.pins.push({ name: normalName(pin[1]), version: pin[2] });
    else if (/^(-e|--editable|-c|--constraint)\b/.test(requirement))
      result.problems.push({ line, text: requirement, why: "only packages with a version can be locked" });
    else if (requirement.startsWith("-")) continue;
    else result.problems.push({ line, text: requirement, why: 'no exact version ("==")' });
  }
  return result;
}

/** Without comments and empty lines; a backslash at the end joins a line with the next. */
function logicalLines(text: string): { line: number; text: string }[] {
  const lines: { line: number; text: string }[] = [];
  let open: { line: number; text: string } | undefined;
  for (const [index, physical] of text.split(/\r?\n/).entries()) {
    const content = physical.replace(/(^|\s)#.*$/, "").trimEnd();
    open = { line: open?.line ?? index + 1, text: `${open?.text ?? ""} ${content.replace(/\\$/, "")}`.trim() };
    if (content.endsWith("\\")) continue;
    if (open.text !== "") lines.push(open);
    open = undefined;
  }
  return lines;
}

/**
 * Reads an app's requirements, with the files that they include.
 * @param served the kind of app that our worker serves, with uvicorn; undefined for one that brings its own server
 * @throws FleetError when there are none, a line isn't pinned, or uvicorn is needed and isn't among them
 */
export function readPythonLock(dir: string, served: "asgi" | "wsgi" | undefined): PythonLock {
  const lock: PythonLock = { pins: [], files: [] };
  readInto(lock, dir, REQUIREMENTS);
  if (served !== undefined && !lock.pins.some(({ name }) => name === "uvicorn")) {
    const adapter = served === "wsgi" ? " A WSGI app also wants a2wsgi, which streams bodies where uvicorn's own adapter doesn't." : "";
    throw new FleetError(
      `${join(dir, REQUIREMENTS)} does not name uvicorn, which serves ${served === "asgi" ? "an ASGI" : "a WSGI"} app here.`,
      {
        next: `Add uvicorn.${adapter} ${makeLock}`,
      },
    );
  }
  return lock;
}

function readInto(lock: PythonLock, dir: string, path: string): void {
  if (lock.files.some(([read]) => read === path)) return;
  if (path.startsWith("..") || !existsSync(join(dir, path))) {
    throw new FleetError(`There is no ${path} in ${dir}, which a release is built from.`, { next: makeLock });
  }
  const text = readFileSync(join(dir, path), "utf8");
  const { pins, includes, problems } = parseRequirements(text);
  if (problems.length > 0) {
    throw new FleetError(`${join(dir, path)} doesn't decide which packages are installed.`, {
      log: problems.map(({ line, text: found, why }) => `line ${line}: ${found}: ${why}`),
      next: makeLock,
    });
  }
  lock.files.push([path, text]);
  lock.pins.push(...pins);
  for (const include of includes) readInto(lock, dir, normalize(join(dirname(path), include)));
}

/**
 * pip also installs what the named packages need; all of that must be in the lock too.
 * @throws FleetError with the lines to add
 */
export function requireAllPinned(installed: readonly Pin[], pins: readonly Pin[]): void {
  const named = new Set(pins.map(({ name }) => name));
  const missing = installed.filter(({ name }) => !named.has(name));
  if (missing.length === 0) return;
  throw new FleetError(`${REQUIREMENTS} doesn't name every package that is installed.`, {
    log: missing.map(({ name, version }) => `missing: ${name}==${version}`),
    next: `Add these lines. Or: ${makeLock}`,
  });
}
