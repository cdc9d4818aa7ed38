/** A stand-in for `pulumi-resource-aws`, started by Pulumi's engine: takes every resource as it is, and answers as mock-answers.ts does. */
import pluginPb from "@pulumi/pulumi/proto/plugin_pb.js";
import providerGrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import pb from "@pulumi/pulumi/proto/provider_pb.js";
import { Empty, engineGone, serve, Struct, unary } from "../../../infra/offline/plugin-server.ts";
import { answerOf } from "../../infra/aws/mock-answers.ts";

const NONE = pb.DiffResponse.DiffChanges.DIFF_NONE;
/** How Pulumi's wire says that a value isn't known yet. */
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

const [engine = ""] = process.argv.slice(2).filter((argument) => !argument.startsWith("-"));
void engineGone(engine).then(() => process.exit(1));

/** Of what AWS decides, what a fleet asks for. */
const outputs: Record<string, string[]> = {
  "aws:ec2/instance:Instance": ["publicIp", "privateIp"],
  "aws:ec2/eip:Eip": ["publicIp", "allocationId"],
  "aws:iam/instanceProfile:InstanceProfile": ["name"],
  "aws:iam/role:Role": ["name"],
};

function created(request: pb.CreateRequest): pb.CreateResponse {
  const type = request.getUrn().split("::")[2]?.split("$").at(-1) ?? "";
  const decided = Object.fromEntries((outputs[type] ?? []).map((key) => [key, UNKNOWN]));
  const given = (request.getProperties()?.toJavaScript() ?? {}) as object;
  return new pb.CreateResponse()
    .setId(request.getPreview() ? "" : "made")
    .setProperties(Struct.fromJavaScript({ ...decided, ...given } as never));
}

function answered(request: pb.InvokeRequest): pb.InvokeResponse {
  const answer = answerOf(request.getTok(), (request.getArgs()?.toJavaScript() ?? {}) as Record<string, unknown>);
  return new pb.InvokeResponse().setReturn(Struct.fromJavaScript(answer as never));
}

await serve(providerGrpc.ResourceProviderService as never, {
  handshake: unary(() => new pb.ProviderHandshakeResponse().setAcceptSecrets(true).setAcceptResources(true)),
  attach: unary(() => new Empty()),
  getPluginInfo: unary(() => new pluginPb.PluginInfo().setVersion("7.48.0")),
  checkConfig: unary((request: pb.CheckRequest) => new pb.CheckResponse().setInputs(request.getNews())),
  diffConfig: unary(() => new pb.DiffResponse().setChanges(NONE)),
  configure: unary(() => new pb.ConfigureResponse().setAcceptsecrets(true).setAcceptresources(true).setSupportspreview(true)),
  cancel: unary(() => new Empty()),
  check: unary((request: pb.CheckRequest) => new pb.CheckResponse().setInputs(request.getNews())),
  diff: unary(() => new pb.DiffResponse().setChanges(NONE)),
  create: unary(created),
  invoke: unary(answered),
  delete: unary(() => new Empty()),
});
