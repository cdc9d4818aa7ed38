/** A small API to put on a fleet. */
import { setTimeout as sleep } from "node:timers/promises";
import Fastify from "fastify";

const app = Fastify();

app.get("/", () => ({
  message: "Hello from Fastify",
  worker: process.pid,
  release: process.env.FLEETWRIGHT_RELEASE ?? null,
}));

app.get("/healthz", () => ({ status: "ok" }));

const slowSchema = {
  querystring: { type: "object", properties: { seconds: { type: "number", minimum: 0, maximum: 30, default: 1 } } },
};

app.get<{ Querystring: { seconds: number } }>("/slow", { schema: slowSchema }, async ({ query }) => {
  await sleep(query.seconds * 1000);
  return { slept: query.seconds };
});

app.post("/echo", ({ body }, reply) => reply.type("application/json").send(JSON.stringify(body)));

export default app;

// On a fleet the worker listens for the app; this is for `node server.ts`.
if (import.meta.main) console.log(await app.listen({ port: Number(process.env.PORT ?? 8000) }));
