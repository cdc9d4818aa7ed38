/** Pulumi's ResourceProvider service: takes messages apart, asks `provider.ts`, puts answers together. */
import pluginPb from "@pulumi/pulumi/proto/plugin_pb.js";
import pb from "@pulumi/pulumi/proto/provider_pb.js";
import { Empty, engineGone, Struct, unary } from "../plugin-server.ts";
import type { Failure } from "./check.ts";
import type { Difference } from "./diff.ts";
import { Engine } from "./engine.ts";
import { OperationRunner } from "./operations.ts";
import { packageSchema } from "./package-schema.ts";
import * as provider from "./provider.ts";
import { version } from "./schema.ts";
import type { WireMap } from "./wire.ts";

type Message = ReturnType<pb.CreateRequest["getProperties"]>;

const values = (message: Message): WireMap => (message?.toJavaScript() ?? {}) as WireMap;
const message = (map: WireMap) => Struct.fromJavaScript(map as never);

function failureList(failures: Failure[]): pb.CheckFailure[] {
  return failures.map(({ property, reason }) => new pb.CheckFailure().setProperty(property).setReason(reason));
}

const kinds = {
  add: [pb.PropertyDiff.Kind.ADD, pb.PropertyDiff.Kind.ADD_REPLACE],
  delete: [pb.PropertyDiff.Kind.DELETE, pb.PropertyDiff.Kind.DELETE_REPLACE],
  update: [pb.PropertyDiff.Kind.UPDATE, pb.PropertyDiff.Kind.UPDATE_REPLACE],
} as const;

function diffResponse(found: Difference[]): pb.DiffResponse {
  const { DIFF_SOME, DIFF_NONE } = pb.DiffResponse.DiffChanges;
  const response = new pb.DiffResponse().setChanges(found.length > 0 ? DIFF_SOME : DIFF_NONE).setHasdetaileddiff(true);
  for (const { path, change, replaces } of found) {
    const diff = new pb.PropertyDiff().setKind(kinds[change][replaces ? 1 : 0]).setInputdiff(true);
    response.getDetaileddiffMap().set(path, diff);
    const top = /^[^.[]+/.exec(path)?.[0] ?? path;
    if (!response.getDiffsList().includes(top)) response.addDiffs(top);
    if (replaces && !response.getReplacesList().includes(top)) response.addReplaces(top);
  }
  return response;
}

/** The service's methods. When the engine is gone, everything under way is ended and the process exits. */
export function service(engineAddress: string | undefined) {
  const runner = new OperationRunner();
  const attach = (address: string): void => {
    if (runner.engine !== undefined || address === "") return;
    runner.engine = new Engine(address);
    void engineGone(address).then(async () => {
      await runner.cancel("the engine is gone");
      process.exit(1);
    });
  };
  attach(engineAddress ?? "");
  return { ...lifecycle(attach, runner), ...crud(runner) };
}

function lifecycle(attach: (address: string) => void, runner: OperationRunner) {
  return {
    handshake: unary((request: pb.ProviderHandshakeRequest) => {
      attach(request.getEngineAddress());
      return new pb.ProviderHandshakeResponse().setAcceptSecrets(true).setAcceptResources(true);
    }),
    attach: unary((request: pluginPb.PluginAttach) => {
      attach(request.getAddress());
      return new Empty();
    }),
    getPluginInfo: unary(() => new pluginPb.PluginInfo().setVersion(version)),
    getSchema: unary(() => new pb.GetSchemaResponse().setSchema(packageSchema())),
    checkConfig: unary((request: pb.CheckRequest) => new pb.CheckResponse().setInputs(request.getNews())),
    diffConfig: unary(() => new pb.DiffResponse().setChanges(pb.DiffResponse.DiffChanges.DIFF_NONE)),
    configure: unary(() => new pb.ConfigureResponse().setAcceptsecrets(true).setAcceptresources(true).setSupportspreview(true)),
    cancel: unary(() => {
      // The operations answer for themselves; the engine waits for them, not for this.
      void runner.cancel("cancelled");
      return new Empty();
    }),
  };
}

function crud(runner: OperationRunner) {
  return {
    check: unary((request: pb.CheckRequest) => {
      const { inputs, failures } = provider.checkResource(request.getUrn(), values(request.getNews()));
      return new pb.CheckResponse().setInputs(message(inputs)).setFailuresList(failureList(failures));
    }),
    diff: unary((request: pb.DiffRequest) => {
      const urn = request.getUrn();
      const state = values(request.getOlds());
      const olds = request.hasOldInputs() ? values(request.getOldInputs()) : provider.inputsIn(urn, state);
      const news = values(request.getNews());
      return diffResponse(provider.diffResource(urn, olds, news, request.getIgnorechangesList()));
    }),
    create: unary(async (request: pb.CreateRequest) => {
      const urn = request.getUrn();
      const made = await provider.createResource(urn, values(request.getProperties()), request.getPreview(), (operation) =>
        runner.run(urn, request.getTimeout(), operation),
      );
      return new pb.CreateResponse().setId(made.id).setProperties(message(made.outputs));
    }),
    read: unary((request: pb.ReadRequest) =>
      new pb.ReadResponse().setId(request.getId()).setProperties(request.getProperties()).setInputs(request.getInputs()),
    ),
    update: unary(async (request: pb.UpdateRequest) => {
      const [urn, news, state] = [request.getUrn(), values(request.getNews()), values(request.getOlds())];
      const outputs = await provider.updateResource(urn, news, state, request.getPreview(), (operation) =>
        runner.run(urn, request.getTimeout(), operation),
      );
      return new pb.UpdateResponse().setProperties(message(outputs));
    }),
    delete: unary(async (request: pb.DeleteRequest) => {
      const urn = request.getUrn();
      await provider.deleteResource(urn, values(request.getProperties()), (operation) => runner.run(urn, request.getTimeout(), operation));
      return new Empty();
    }),
    invoke: unary(async (request: pb.InvokeRequest) => {
      const { outputs, failures } = await provider.invoke(request.getTok(), values(request.getArgs()), (operation) =>
        runner.run("", 0, operation),
      );
      return new pb.InvokeResponse().setReturn(message(outputs)).setFailuresList(failureList(failures));
    }),
  };
}
