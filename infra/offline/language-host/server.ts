/** Pulumi's LanguageRuntime service, for running programs. Making SDKs and plugins written in Node are not supported. */
import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { handleServerStreamingCall } from "@grpc/grpc-js";
import pb from "@pulumi/pulumi/proto/language_pb.js";
import pluginPb from "@pulumi/pulumi/proto/plugin_pb.js";
import { Empty, engineGone, grpc, unary } from "../plugin-server.ts";
import { install, packageManager } from "./install.ts";
import { dependencies, requiredPlugins } from "./packages.ts";
import { type Outcome, outcome, type ProgramRun, programArguments, programEnvironment } from "./program.ts";

type Info = pb.ProgramInfo | undefined;

const optionsOf = (info: Info): Record<string, unknown> => info?.getOptions()?.toJavaScript() ?? {};
const folderOf = (info: Info): string => info?.getProgramDirectory() ?? ".";

/** The service's methods. When the engine is gone, the program is ended and the process exits. */
export function service(engineAddress: string | undefined) {
  const programs = new Programs();
  let engine = "";
  const attach = (address: string): void => {
    if (engine !== "" || address === "") return;
    engine = address;
    void engineGone(address).then(() => {
      programs.end();
      process.exit(1);
    });
  };
  attach(engineAddress ?? "");
  return {
    handshake: unary((request: pb.LanguageHandshakeRequest) => {
      attach(request.getEngineAddress());
      return new pb.LanguageHandshakeResponse();
    }),
    run: unary(async (request: pb.RunRequest) => response(await programs.run(toRun(request, engine)))),
    cancel: unary(() => {
      programs.end();
      return new Empty();
    }),
    installDependencies,
    ...answers,
  };
}

const answers = {
  getPluginInfo: unary(() => new pluginPb.PluginInfo().setVersion(sdkVersion())),
  getRequiredPackages: unary((request: pb.GetRequiredPackagesRequest) =>
    new pb.GetRequiredPackagesResponse().setPackagesList(
      requiredPlugins(folderOf(request.getInfo())).map(({ name, version, server }) =>
        new pluginPb.PackageDependency().setName(name).setKind("resource").setVersion(version).setServer(server),
      ),
    ),
  ),
  getProgramDependencies: unary((request: pb.GetProgramDependenciesRequest) =>
    new pb.GetProgramDependenciesResponse().setDependenciesList(
      dependencies(folderOf(request.getInfo()), request.getTransitivedependencies()).map(({ name, version }) =>
        new pb.DependencyInfo().setName(name).setVersion(version),
      ),
    ),
  ),
  about: unary(() => new pb.AboutResponse().setExecutable(process.execPath).setVersion(process.version)),
  runtimeOptionsPrompts: unary(() => new pb.RuntimeOptionsResponse()),
  template: unary(() => new pb.TemplateResponse()),
};

const sdkVersion = (): string => createRequire(import.meta.url)("@pulumi/pulumi/package.json").version;

function toRun(request: pb.RunRequest, engine: string): ProgramRun {
  const info = request.getInfo();
  return {
    engine,
    monitor: request.getMonitorAddress(),
    organization: request.getOrganization(),
    project: request.getProject(),
    stack: request.getStack(),
    rootDirectory: info?.getRootDirectory() ?? "",
    programDirectory: folderOf(info),
    entryPoint: info?.getEntryPoint() ?? ".",
    args: request.getArgsList(),
    dryRun: request.getDryrun(),
    parallel: request.getParallel(),
    config: Object.fromEntries(request.getConfigMap().toArray()),
    secretKeys: request.getConfigsecretkeysList(),
    options: optionsOf(info),
  };
}

function response(ended: Outcome): pb.RunResponse {
  const answer = new pb.RunResponse();
  if (ended.kind === "failed") answer.setError(ended.error);
  return answer.setBail(ended.kind === "told");
}

const installDependencies: handleServerStreamingCall<pb.InstallDependenciesRequest, pb.InstallDependenciesResponse> = async (call) => {
  const info = call.request.getInfo();
  const manager = packageManager(folderOf(info), optionsOf(info)["packagemanager"]);
  try {
    await install(folderOf(info), manager, (chunk) => call.write(new pb.InstallDependenciesResponse().setStdout(chunk)));
    call.end();
  } catch (error) {
    call.destroy(Object.assign(error as Error, { code: grpc.status.UNKNOWN }));
  }
};

/** The programs under way; the engine runs one at a time. */
class Programs {
  readonly #running = new Set<ChildProcess>();

  run(program: ProgramRun): Promise<Outcome> {
    const script = sdkScript(program.programDirectory);
    if (script === undefined) {
      const error = `@pulumi/pulumi is not installed for ${program.programDirectory}: run 'npm install' there`;
      return Promise.resolve({ kind: "failed", error });
    }
    // The same Node as this one: the one on PATH may be too old to run TypeScript.
    const child = spawn(process.execPath, programArguments(program, script), {
      env: { ...process.env, ...programEnvironment(program) },
      stdio: ["ignore", "inherit", "inherit"],
    });
    this.#running.add(child);
    return new Promise<Outcome>((resolve) => {
      child.once("error", (error) => resolve({ kind: "failed", error: `Node could not be started: ${error.message}` }));
      child.once("close", (code, signal) => resolve(outcome(code, signal)));
    }).finally(() => this.#running.delete(child));
  }

  /** Interrupts them; what doesn't end by that is killed with this process group by the engine. */
  end(): void {
    for (const child of this.#running) child.kill("SIGINT");
  }
}

function sdkScript(programFolder: string): string | undefined {
  try {
    return createRequire(join(programFolder, "_")).resolve("@pulumi/pulumi/cmd/run");
  } catch {
    return undefined;
  }
}
