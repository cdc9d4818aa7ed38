/** `pulumi-resource-command`: started by Pulumi's engine with its own address as the argument. */
import providerGrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import { serve } from "../plugin-server.ts";
import { service } from "./server.ts";

const engineAddress = process.argv.slice(2).find((argument) => !argument.startsWith("-"));
await serve(providerGrpc.ResourceProviderService as never, service(engineAddress));
