import { createServer } from "node:http";
import express from "express";
import { WebSocketServer } from "ws";
import { count, echo, events, hints } from "./common.mjs";

const app = express();
app.set("trust proxy", true);
app.get("/who", (request, response) => response.json([request.ip, request.protocol]));
app.get("/events", (_request, response) => events(response));
app.post("/upload", async (request, response) => response.send(`${process.pid} ${await count(request)}`));
app.get("/hints", (_request, response) => hints(response));
app.all("/{*any}", (request, response) => request.resume().on("end", () => response.send(`express ${process.pid}`)));

const server = createServer(app);
new WebSocketServer({ server }).on("connection", echo);
export default server;
