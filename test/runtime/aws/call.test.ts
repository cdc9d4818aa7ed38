/** Credentials from the metadata service, signed questions, and what a refusal says. */
import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { pauseMs } from "../../../runtime/aws/backoff.ts";
import { AwsRefusal, call, refusalOf, wordsOf } from "../../../runtime/aws/call.ts";
import { InstanceCredentials } from "../../../runtime/aws/credentials.ts";

async function server(t: TestContext, answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const made = createServer(answer);
  await new Promise<void>((resolve) => made.listen(0, "127.0.0.1", resolve));
  t.after(() => void made.close());
  return `http://127.0.0.1:${(made.address() as AddressInfo).port}`;
}

/** Version 2 of the metadata service; counts how often the role's credentials were asked for. */
async function metadata(t: TestContext): Promise<{ url: string; asked: () => number }> {
  let count = 0;
  const url = await server(t, (request, response) => {
    if (request.method === "PUT") return void response.end("token-1");
    if (request.headers["x-aws-ec2-metadata-token"] !== "token-1") return void response.writeHead(401).end();
    if (!request.url?.endsWith("/web-machine")) return void response.end("web-machine\n");
    count += 1;
    response.end(JSON.stringify({ AccessKeyId: `KEY${count}`, SecretAccessKey: "s", Token: "t" }));
  });
  return { url, asked: () => count };
}

test("credentials are asked for with a token, kept for a while, and asked for again long before they end", async (t) => {
  const { url, asked } = await metadata(t);
  let nowMs = 0;
  const credentials = new InstanceCredentials(url, () => nowMs);
  assert.equal((await credentials.get()).accessKeyId, "KEY1");
  nowMs = 239_000;
  assert.equal((await credentials.get()).accessKeyId, "KEY1");
  nowMs = 241_000;
  assert.equal((await credentials.get()).accessKeyId, "KEY2");
  assert.equal(asked(), 2);
});

test("credentials that AWS says have expired are forgotten: the next question brings new ones", async (t) => {
  const { url, asked } = await metadata(t);
  let expired = true;
  const service = await server(t, (_request, response) => {
    if (expired) return void response.writeHead(400).end('{"__type":"ExpiredTokenException","message":"The token is expired"}');
    response.end("{}");
  });
  const credentials = new InstanceCredentials(url);
  const at = { name: "logs", url: service, region: "eu-central-1", credentials };
  const message = /HTTP 400 ExpiredTokenException: The token is expired/;
  await assert.rejects(call(at, {}, "{}"), { code: "ExpiredTokenException", message });
  expired = false;
  assert.equal(await call(at, {}, "{}"), "{}");
  assert.equal(asked(), 2);
});

test("a refusal is read in JSON and in XML, and in neither", () => {
  const json = refusalOf(400, '{"__type":"com.amazonaws.logs#ThrottlingException","message":"Rate exceeded"}');
  assert.deepEqual([json.code, json.message], ["ThrottlingException", "HTTP 400 ThrottlingException: Rate exceeded"]);
  const xml = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>";
  assert.equal(refusalOf(403, xml).code, "AccessDenied");
  assert.equal(refusalOf(502, "<html>").code, "");
  assert.ok(json instanceof AwsRefusal);
});

test("where nobody answers, the cause is told", async () => {
  const credentials = new InstanceCredentials("http://127.0.0.1:1");
  await assert.rejects(credentials.get(), (error) => /ECONNREFUSED|bad port/.test(wordsOf(error)));
});

test("pauses get longer up to a bound, and half of each is chance", () => {
  const bounds = { firstMs: 1_000, longestMs: 60_000 };
  assert.deepEqual(
    [0, 1, 2, 6, 1_000].map((tries) => pauseMs(tries, bounds, 0)),
    [500, 1_000, 2_000, 30_000, 30_000],
  );
  assert.equal(pauseMs(1, bounds, 0.5), 1_500);
});
