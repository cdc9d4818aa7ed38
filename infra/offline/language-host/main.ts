/** `pulumi-language-nodejs`: started by Pulumi's engine with its own address as the last argument. */
import languageGrpc from "@pulumi/pulumi/proto/language_grpc_pb.js";
import { serve } from "../plugin-server.ts";
import { service } from "./server.ts";

const engineAddress = process.argv.slice(2).findLast((argument) => !argument.startsWith("-"));
await serve(languageGrpc.LanguageRuntimeService as never, service(engineAddress) as never);
