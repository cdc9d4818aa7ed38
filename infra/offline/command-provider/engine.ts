/** The engine as the plugin sees it: a place to log to. */
import engineGrpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import enginePb from "@pulumi/pulumi/proto/engine_pb.js";
import { channelOptions, grpc } from "../plugin-server.ts";

type Severity = "info" | "warning";

export class Engine {
  readonly #client: engineGrpc.EngineClient;
  #last: Promise<void> = Promise.resolve();

  constructor(address: string) {
    this.#client = new engineGrpc.EngineClient(address, grpc.credentials.createInsecure() as never, channelOptions);
  }

  /** One line about a resource. `passing`: shown while the operation is under way, not kept. Lines stay in order. */
  log(urn: string, severity: Severity, message: string, passing: boolean): void {
    const request = new enginePb.LogRequest();
    request.setUrn(urn);
    request.setMessage(message);
    request.setSeverity(severity === "info" ? enginePb.LogSeverity.INFO : enginePb.LogSeverity.WARNING);
    request.setEphemeral(passing);
    // One after the other: calls under way together may overtake each other.
    this.#last = this.#last.then(() => new Promise((resolve) => this.#client.log(request, () => resolve())));
  }

  /** When all lines so far have arrived. */
  flush(): Promise<void> {
    return this.#last;
  }
}
