/** An app that tries what it is told to, in its worker, and answers with what came of it. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";

const tries = {
  read: (path) => readFileSync(path).length > 0,
  list: (path) => readdirSync(path).length > 0,
  write: (path) => writeFileSync(path, "x"),
  run: (line) => execFileSync("/bin/sh", ["-c", line], { stdio: "pipe" }).toString().trim(),
  connect: (path) => new Promise((resolve, reject) => connect(path).on("connect", resolve).on("error", reject)),
  // By another class than the worker's own: a program in another language would not ask either.
  listen: (port) => {
    const server = createServer((socket) => socket.end("here"));
    return new Promise((resolve, reject) => server.on("error", reject).listen(Number(port), "0.0.0.0", resolve));
  },
  kill: (pid) => process.kill(Number(pid), 0),
  secret: () => process.env.DB_PASSWORD,
};

export default async (request, response) => {
  const { searchParams } = new URL(request.url, "http://app");
  const what = searchParams.get("what");
  if (what === null) return void response.end(String(process.pid));
  try {
    const result = await tries[what](searchParams.get("on"));
    response.end(`could: ${result ?? ""}`);
  } catch (error) {
    response.end(`could not: ${error.code ?? error.stderr ?? error.message}`);
  }
};
