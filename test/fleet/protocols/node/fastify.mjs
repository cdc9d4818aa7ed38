import websocket from "@fastify/websocket";
import Fastify from "fastify";
import { count, echo, events, hints } from "./common.mjs";

const app = Fastify({ trustProxy: true });
await app.register(websocket);
// Bodies as they come: its own parsers take 1 MiB.
app.removeAllContentTypeParsers();
app.addContentTypeParser("*", (_request, payload, done) => done(null, payload));
app.get("/who", (request) => [request.ip, request.protocol]);
app.get("/events", (_request, reply) => {
  reply.hijack();
  return events(reply.raw);
});
app.post("/upload", async (request) => `${process.pid} ${await count(request.body)}`);
app.get("/hints", (_request, reply) => {
  reply.hijack();
  return hints(reply.raw);
});
app.get("/ws", { websocket: true }, echo);
app.get("/", () => `fastify ${process.pid}`);
app.post("/echo", async (request) => {
  await count(request.body);
  return `fastify ${process.pid}`;
});
export default app;
