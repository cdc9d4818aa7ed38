/** What the three Node apps have in common: what is not their framework's. */
import { setTimeout as sleep } from "node:timers/promises";

/** Server-sent events without an end: the worker's process id, again and again. */
export async function events(response) {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
  while (!response.destroyed) {
    response.write(`data: ${process.pid}\n\n`);
    await sleep(100);
  }
}

/** @returns how many bytes of a body came */
export async function count(request) {
  let bytes = 0;
  for await (const chunk of request) bytes += chunk.length;
  return bytes;
}

export async function hints(response) {
  await new Promise((sent) => response.writeEarlyHints({ link: "</style.css>; rel=preload; as=style" }, sent));
  response.end("hinted");
}

/** For `ws`: each message comes back, with the worker's process id. */
export function echo(socket) {
  socket.on("message", (data) => socket.send(`${process.pid} ${data}`));
}
