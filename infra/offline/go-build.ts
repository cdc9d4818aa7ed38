/** Builds a program from its Go module; go.mod and go.sum beside this file pin every source by its hash. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { cachePath, makeOnce } from "../cache.ts";
import { FleetError } from "../errors.ts";
import { execute, onPath, type Say } from "./executables.ts";

export interface GoProgram {
  /** Its folder under `go/`, and the name of the executable. */
  name: string;
  /** For people: "the Pulumi CLI 3.259.0". */
  title: string;
  /** What to build, as an import path. */
  package: string;
  ldflags: string;
  /** GOOS, GOARCH and the like. */
  env: Record<string, string>;
}

/**
 * The program's path, built at most once for the same sources, flags, Go and target.
 * @throws FleetError when there is no Go, or it can't build.
 */
export async function goBuild(program: GoProgram, say: Say): Promise<string> {
  const go = onPath("go") ?? missingGo(program);
  const target = await targetOf(program, go);
  await makeOnce(target, (temporary) => build(go, program, temporary, say));
  return join(target, program.name);
}

/** The program's path when it needs no building any more. */
export async function alreadyBuilt(program: GoProgram): Promise<string | undefined> {
  const go = onPath("go");
  const target = go && (await targetOf(program, go));
  return target && existsSync(target) ? join(target, program.name) : undefined;
}

const moduleFolder = (program: GoProgram): string => join(import.meta.dirname, "go", program.name);

async function targetOf(program: GoProgram, go: string): Promise<string> {
  // In the module's folder, because its go.mod may ask for another Go than the one on PATH.
  const version = (await execute(go, ["env", "GOVERSION"], { cwd: moduleFolder(program) })).stdout.trim();
  return cachePath("tools", `${program.name}-${buildKey(program, version)}`);
}

function buildKey(program: GoProgram, goVersion: string): string {
  const hash = createHash("sha256");
  for (const file of ["go.mod", "go.sum"]) hash.update(readFileSync(join(moduleFolder(program), file))).update("\0");
  const { package: of, ldflags, env } = program;
  return hash
    .update(JSON.stringify([of, ldflags, env, goVersion, process.platform, process.arch]))
    .digest("hex")
    .slice(0, 16);
}

async function build(go: string, program: GoProgram, into: string, say: Say): Promise<void> {
  say(`Building ${program.title} from its Go module: a few minutes the first time…`);
  const started = performance.now();
  mkdirSync(into);
  const args = ["build", "-trimpath", "-ldflags", program.ldflags, "-o", join(into, program.name), program.package];
  const env = { ...process.env, GOWORK: "off", GOFLAGS: "-mod=readonly", ...program.env };
  const built = await execute(go, args, { cwd: moduleFolder(program), env });
  if (!built.ok) {
    throw new FleetError(`${program.title} could not be built with Go`, {
      log: built.lastLines,
      kept: "nothing was installed",
      next: "check that the Go module proxy can be reached (`go env GOPROXY`), then run the same command again",
    });
  }
  say(`Built ${program.title} in ${Math.round((performance.now() - started) / 1_000)} s`);
}

function missingGo(program: GoProgram): never {
  const wanted = /^go (\d+\.\d+)/m.exec(readFileSync(join(moduleFolder(program), "go.mod"), "utf8"))?.[1] ?? "1.26";
  throw new FleetError(`${program.title} could not be downloaded, and there is no Go on PATH to build it with`, {
    kept: "nothing was installed",
    next: `install Go ${wanted} or newer from https://go.dev/dl/ and put its bin folder on PATH, then run the same command again`,
  });
}
