/** Node modules for tests of the Node shim; all answer "hello" at `/`. */

export interface Shape {
  readonly what: string;
  readonly file?: string;
  readonly source: string;
  /** Printed at the start. */
  readonly says?: RegExp;
  /** Printed after TERM. */
  readonly saysAtEnd?: RegExp;
}

const hello = `(_, response) => response.end("hello")`;

export const shapes: readonly Shape[] = [
  { what: "a handler", source: `export default (_: unknown, response: any) => response.end("hello");` },
  { what: "an http.Server", source: `import http from "node:http"; export default http.createServer(${hello});` },
  { what: "JavaScript", file: "server.mjs", source: `export default ${hello};` },
  { what: "CommonJS that exports a handler", file: "server.cjs", source: `module.exports = ${hello};` },
  {
    what: "CommonJS that exports nothing and listens",
    file: "server.cjs",
    source: `require("node:http").createServer(${hello}).listen(3000);`,
  },
  {
    what: "CommonJS that exports nothing and listens later",
    file: "server.cjs",
    source: `setTimeout(() => require("node:http").createServer(${hello}).listen(3000), 100);`,
  },
  {
    what: "CommonJS compiled from TypeScript",
    file: "server.cjs",
    source: `exports.__esModule = true; exports.default = ${hello};`,
  },
  {
    what: "a server that listens itself, on a port of its own choice",
    source: `
    import http from "node:http";
    const server = http.createServer(${hello});
    server.listen(1, "203.0.113.7", () => console.log("listening as it thinks on", typeof server.address().port));`,
    says: /listening as it thinks on number/,
  },
  {
    what: "a server that is started only after something else was waited for",
    source: `
    import http from "node:http";
    await new Promise((resolve) => setTimeout(resolve, 100));
    const server = http.createServer(${hello});
    await new Promise<void>((resolve) => server.listen(1, resolve));
    console.log("goes on after listen");`,
    says: /goes on after listen/,
  },
  {
    what: "a server that is exported and listens itself, later",
    source: `
    import http from "node:http";
    const server = http.createServer(${hello});
    setTimeout(() => server.listen(1, () => console.log("listens", server.listening)), 200);
    export default server;`,
    says: /listens true/,
  },
  {
    what: "an Express app",
    source: `import express from "express"; const app = express(); app.get("/", (_, res) => { res.send("hello"); }); export default app;`,
  },
  {
    what: "an Express app that listens itself",
    source: `
    import express from "express";
    const app = express();
    app.get("/", (_, res) => { res.send("hello"); });
    const server = app.listen(3000, () => console.log("port is a", typeof server.address().port));`,
    says: /port is a number/,
  },
  {
    what: "an Express app that listens itself and is exported",
    source: `
    import express from "express";
    const app = express();
    app.get("/", (_, res) => { res.send("hello"); });
    app.listen(3000, () => console.log("one server"));
    export default app;`,
    says: /one server/,
  },
  {
    what: "an Express app that listens itself later, and is exported as well",
    source: `
    import express from "express";
    const app = express();
    app.get("/", (_, res) => { res.send("hello"); });
    setTimeout(() => app.listen(1, () => console.log("no second server")), 200);
    export default app;`,
    says: /no second server/,
  },
  {
    what: "a Fastify app",
    source: `
    import fastify from "fastify";
    const app = fastify();
    app.get("/", async () => "hello");
    app.addHook("onClose", async () => console.log("closed by its own close"));
    export default app;`,
    saysAtEnd: /closed by its own close/,
  },
  {
    what: "a Fastify app that listens itself, on all addresses of localhost",
    source: `
    import fastify from "fastify";
    const app = fastify();
    app.get("/", async () => "hello");
    console.log("Fastify says", await app.listen({ port: 3000 }));`,
    says: /Fastify says http:\/\/127\.0\.0\.1:\d+/,
  },
  {
    what: "a Fastify app that listens itself and is exported",
    source: `
    import fastify from "fastify";
    export const app = fastify();
    export default app;
    app.get("/", async () => "hello");
    app.addHook("onClose", async () => console.log("closed by its own close"));
    app.listen({ port: 3000, host: "0.0.0.0" }, (error, address) => console.log("Fastify says", error, address));`,
    says: /Fastify says null http/,
    saysAtEnd: /closed by its own close/,
  },
  {
    what: "an app with callback(), like Koa's",
    source: `export default { callback: () => (_: unknown, response: any) => response.end("hello") };`,
  },
];
