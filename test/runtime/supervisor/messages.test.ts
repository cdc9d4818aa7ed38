import assert from "node:assert/strict";
import { test } from "node:test";
import { parseMessage } from "../../../runtime/supervisor/messages.ts";

test("worker messages: known ones become events", () => {
  const events = ["ready", "beat", "draining", "spent"].map((type) => parseMessage(JSON.stringify({ type })));
  assert.deepEqual(
    events,
    ["ready", "beat", "leaving", "recycle"].map((event) => ({ event, counts: null })),
  );
});

test("a beat may carry counts; half of them are none", () => {
  const counts = { requests: 5, active: 1, connections: 2 };
  assert.deepEqual(parseMessage(JSON.stringify({ type: "beat", ...counts }))?.counts, counts);
  assert.equal(parseMessage(JSON.stringify({ type: "beat", requests: 5 }))?.counts, null);
});

test("anything else is ignored", () => {
  for (const line of ['{"type":"toString"}', '{"type":1}', "null", "[", ""]) assert.equal(parseMessage(line), null);
});
