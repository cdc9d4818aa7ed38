/** What both stand-in plugins share: serving gRPC to Pulumi's engine, and noticing that it is gone. */
import { createRequire } from "node:module";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type * as Grpc from "@grpc/grpc-js";
import type * as EmptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import type * as StructPb from "google-protobuf/google/protobuf/struct_pb.js";

// Asked of @pulumi/pulumi, whose dependencies they are: messages must be of the same copy, and a strict installer hides them from us.
const fromPulumi = createRequire(createRequire(import.meta.url).resolve("@pulumi/pulumi/package.json"));
export const grpc = fromPulumi("@grpc/grpc-js") as typeof Grpc;
export const { Struct } = fromPulumi("google-protobuf/google/protobuf/struct_pb") as typeof StructPb;
export const { Empty } = fromPulumi("google-protobuf/google/protobuf/empty_pb") as typeof EmptyPb;

/** Without a limit: Pulumi's own is 400 MiB, and the default of 4 MiB is too little for a large output. */
export const channelOptions = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };

/** Serves on a free loopback port and prints it on stdout, which is how the engine learns where a plugin listens. */
export async function serve(service: Grpc.ServiceDefinition, implementation: Grpc.UntypedServiceImplementation): Promise<void> {
  const server = new grpc.Server(channelOptions);
  server.addService(service, implementation);
  const port = await new Promise<number>((resolve, reject) => {
    const done = (error: Error | null, bound: number) => (error === null ? resolve(bound) : reject(error));
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), done);
  });
  process.stdout.write(`${port}\n`);
}

/** Answers a call with what `answer` returns, or with its error's message as the engine shows it. */
export function unary<Request, Response>(
  answer: (request: Request) => Response | Promise<Response>,
): Grpc.handleUnaryCall<Request, Response> {
  return async (call, callback) => {
    try {
      callback(null, await answer(call.request));
    } catch (error) {
      const details = error instanceof Error ? error.message : String(error);
      callback({ code: grpc.status.UNKNOWN, details, message: details, name: "Error", metadata: new grpc.Metadata() });
    }
  };
}

/** Resolves when nobody has listened at `address` for two looks in a row: the engine was killed. */
export async function engineGone(address: string, everyMs = 2_000): Promise<void> {
  for (let missed = 0; missed < 2;) {
    await sleep(everyMs, undefined, { ref: false });
    missed = (await listens(address)) ? 0 : missed + 1;
  }
}

function listens(address: string): Promise<boolean> {
  const { hostname, port } = new URL(`tcp://${address}`);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    socket.setTimeout(5_000, () => socket.destroy(new Error("timed out")));
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
