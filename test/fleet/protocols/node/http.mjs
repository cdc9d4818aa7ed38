import { createServer } from "node:http";
import { WebSocketServer } from "ws";
import { count, echo, events, hints } from "./common.mjs";

const server = createServer(async (request, response) => {
  switch (request.url) {
    case "/who":
      return response.end(JSON.stringify([request.headers["x-forwarded-for"], request.headers["x-forwarded-proto"]]));
    case "/events":
      return events(response);
    case "/upload":
      return response.end(`${process.pid} ${await count(request)}`);
    case "/hints":
      return hints(response);
    default:
      request.resume().on("end", () => response.end(`http ${process.pid}`));
  }
});
new WebSocketServer({ server }).on("connection", echo);
export default server;
