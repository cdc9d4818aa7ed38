import type { IncomingMessage, ServerResponse } from "node:http";

export default function handle(_request: IncomingMessage, response: ServerResponse): void {
  response.end("hello\n");
}
