import type { IncomingMessage, ServerResponse } from "node:http";

export default function handle(_request: IncomingMessage, response: ServerResponse): void {
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ hello: process.env.HELLO_URL, stack: process.env.STACK }));
}
