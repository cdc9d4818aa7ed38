/** pip, run for another computer than this one: its arguments, and what its failures mean. Pure. */

import { FleetError } from "../errors.ts";
import type { Target } from "../machines/machine.ts";
import { lastLines } from "./tool.ts";

export type PythonTarget = Target & { python: string };

/** glibc of the oldest and of the newest supported machines: Debian 12 has 2.36 and Python 3.11, Debian 13 has 2.41 and Python 3.13. */
const GLIBC_OLDEST = 36;
const GLIBC_NEWEST = 41;

/** Lowest glibc 2.x that manylinux names for an architecture (PEP 513, 571, 599): 5 is manylinux1, 17 manylinux2014. */
const lowestGlibc: Record<Target["arch"], number> = { x64: 5, arm64: 17 };

const machineName: Record<Target["arch"], string> = { x64: "x86_64", arm64: "aarch64" };

/**
 * Sets the target's environment for markers such as `python_version < "3.12"`, which pip takes from the Python that
 * runs it even where `--python-version` says otherwise (pip's documentation of `--python-version`).
 */
export const PIP_FOR_TARGET = `
import json, sys
from pip._vendor.packaging import markers
target = json.loads(sys.argv.pop(1))
here = markers.default_environment
markers.default_environment = lambda: {**here(), **target}
from pip._internal.cli.main import main
sys.exit(main())
`;

/** Settings of a developer's own pip that don't go with `--target`. */
export const pipEnvironment = { PIP_USER: "0", PIP_REQUIRE_VIRTUALENV: "0", PYTHONUTF8: "1" };

/** Values of PEP 508's environment markers on the target. */
export function markersOf(target: PythonTarget): Record<string, string> {
  const full = `${target.python}.0`;
  return {
    python_version: target.python,
    python_full_version: full,
    implementation_name: "cpython",
    implementation_version: full,
    platform_python_implementation: "CPython",
    platform_machine: machineName[target.arch],
    platform_system: "Linux",
    sys_platform: "linux",
    os_name: "posix",
  };
}

/** Newest first, as pip prefers them; pip takes only those that are named. */
export function platformsOf({ arch, python }: PythonTarget): string[] {
  const newest = python === "3.13" ? GLIBC_NEWEST : GLIBC_OLDEST;
  const legacy: Record<number, string> = { 17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1" };
  const platforms: string[] = [];
  for (let minor = newest; minor >= lowestGlibc[arch]; minor--) {
    platforms.push(`manylinux_2_${minor}_${machineName[arch]}`);
    if (legacy[minor] !== undefined) platforms.push(`${legacy[minor]}_${machineName[arch]}`);
  }
  return platforms;
}

export function pipArguments(target: PythonTarget, requirements: string, into: string): string[] {
  const abi = `cp${target.python.replace(".", "")}`;
  return [
    JSON.stringify(markersOf(target)),
    "install",
    "--disable-pip-version-check",
    "--no-input",
    "--quiet",
    "--no-compile",
    "--only-binary=:all:",
    "--implementation",
    "cp",
    "--python-version",
    target.python,
    ...[abi, "abi3", "none"].flatMap((name) => ["--abi", name]),
    ...platformsOf(target).flatMap((name) => ["--platform", name]),
    "--target",
    into,
    "--requirement",
    requirements,
  ];
}

export function describe({ arch, python }: PythonTarget): string {
  return `Python ${python} on Linux ${machineName[arch]}`;
}

/** What pip's failure means for the operator. */
export function pipFailure(stderr: string, target: PythonTarget): FleetError {
  const log = lastLines(stderr);
  if (/\bNo module named '?pip/.test(stderr)) return pipMissing(log);
  const { what, next } = offline(stderr) ?? noWheel(stderr, target) ?? badLock(stderr) ?? unknown(target);
  return new FleetError(what, { log, next });
}

interface Meaning {
  what: string;
  next: string;
}

function offline(stderr: string): Meaning | undefined {
  if (!/Retrying \(Retry|NewConnectionError|Failed to establish a new connection|ConnectTimeoutError/.test(stderr)) return undefined;
  return {
    what: "pip can't reach the package index.",
    next: "Check this computer's network, proxy and pip settings (`pip config list`), then run this again.",
  };
}

function noWheel(stderr: string, target: PythonTarget): Meaning | undefined {
  const package_ = /No matching distribution found for (\S+)/.exec(stderr)?.[1];
  if (package_ === undefined) return undefined;
  return {
    what: `${package_} has no wheel for ${describe(target)}, which a machine of this fleet runs.`,
    next:
      "Pin a version that has one (see the project's files on PyPI), or build a wheel and name its folder with --find-links; " +
      "a machine compiles nothing.",
  };
}

/** The versions and hashes in requirements.txt. */
function badLock(stderr: string): Meaning | undefined {
  if (stderr.includes("DO NOT MATCH THE HASHES")) {
    return {
      what: "A package is not the one that requirements.txt has the hash of.",
      next: "Find out why before you go on; if the package is right, lock its hash again.",
    };
  }
  if (!stderr.includes("ResolutionImpossible") && !stderr.includes("conflicting dependencies")) return undefined;
  return {
    what: "The versions in requirements.txt contradict each other.",
    next: "Lock them again, for example with `uv pip compile` or `pip-compile`.",
  };
}

const unknown = (target: PythonTarget): Meaning => ({
  what: `pip could not install the app's packages for ${describe(target)}.`,
  next: "Mend what pip says, then run this again.",
});

export function pipMissing(log: readonly string[]): FleetError {
  return new FleetError("pip, which fetches the app's Python packages, isn't on this computer.", {
    log,
    next: "Install it: `apt-get install python3-pip`, or `python3 -m ensurepip`.",
  });
}
