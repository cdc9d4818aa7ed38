/** Batches come through an outage, a throttled answer, a stream that isn't there yet; what is refused for itself is left out. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { InstanceCredentials } from "../../../runtime/aws/credentials.ts";
import { Courier } from "../../../runtime/logs/courier.ts";

type Answer = [status: number, body: object];
const OK: Answer = [200, {}];
const refusal = (code: string, status = 400): Answer => [status, { __type: code, message: "no" }];

/** Answers what is given, in this order, and then that all is well. */
async function logsServer(t: TestContext, answers: Answer[]) {
  const asked: { action: string; body: Record<string, unknown> }[] = [];
  const server = createServer(async (request, response) => {
    if (request.url?.startsWith("/latest/")) {
      return void response.end(JSON.stringify({ AccessKeyId: "A", SecretAccessKey: "s", Token: "t" }));
    }
    asked.push({ action: String(request.headers["x-amz-target"]).split(".")[1] ?? "", body: JSON.parse(await text(request)) });
    const [status, body] = answers.shift() ?? OK;
    response.writeHead(status).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const said: string[] = [];
  const service = { name: "logs", url, region: "eu-central-1", credentials: new InstanceCredentials(url) };
  const courier = new Courier({ service, group: "/g", say: (line) => void said.push(line), pauses: { firstMs: 1, longestMs: 4 } });
  return { courier, asked, said };
}

const line = [{ timestamp: 1, message: "hello" }];
const going = () => new AbortController().signal;

test("a machine's first line makes its stream, also where somebody else has just made it", async (t) => {
  const { courier, asked, said } = await logsServer(t, [refusal("ResourceNotFoundException"), refusal("ResourceAlreadyExistsException")]);
  assert.equal(await courier.bring("m-1/app", line, going()), "taken");
  assert.deepEqual(
    asked.map(({ action }) => action),
    ["PutLogEvents", "CreateLogStream", "PutLogEvents"],
  );
  assert.deepEqual(asked[2]?.body, { logGroupName: "/g", logStreamName: "m-1/app", logEvents: line });
  assert.deepEqual(said, []);
});

test("throttled, not allowed yet, or without its group: again until it is taken; the outage and its end are told once each", async (t) => {
  const missing = refusal("ResourceNotFoundException");
  const answers = [refusal("ThrottlingException"), refusal("AccessDeniedException"), [503, {}] as Answer, missing, missing];
  const { courier, said } = await logsServer(t, answers);
  assert.equal(await courier.bring("m-1/app", line, going()), "taken");
  assert.equal(said.length, 2);
  assert.match(said[0] ?? "", /doesn't take lines now \(HTTP 400 ThrottlingException: no\); they wait in the journal/);
  assert.match(said[1] ?? "", /takes lines again, after \d+ s/);
});

test("a batch that is refused for what it is holds nothing up", async (t) => {
  const { courier, said } = await logsServer(t, [refusal("InvalidParameterException")]);
  assert.equal(await courier.bring("m-1/app", line, going()), "refused");
  assert.match(said.join(), /refuses a batch of 1 for m-1\/app; it is left out/);
  assert.equal(await courier.bring("m-1/app", line, going()), "taken");
});

test("lines that CloudWatch didn't take as too old are told of", async (t) => {
  const { courier, said } = await logsServer(t, [[200, { rejectedLogEventsInfo: { tooOldLogEventEndIndex: 1 } }]]);
  assert.equal(await courier.bring("m-1/app", line, going()), "taken");
  assert.match(said.join(), /didn't take some lines of m-1\/app/);
});

test("told to end, it doesn't wait for an outage to end", async (t) => {
  const { courier } = await logsServer(
    t,
    Array.from({ length: 1_000 }, () => refusal("ThrottlingException")),
  );
  assert.equal(await courier.bring("m-1/app", line, AbortSignal.timeout(50)), "stopped");
});
