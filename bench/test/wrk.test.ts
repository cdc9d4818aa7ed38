import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "../supervisor/load/wrk.ts";

const REPORT = `Running 1s test @ http://127.0.0.1:1/
  1 threads and 32 connections
  Latency Distribution
     50%  631.00us
     75%    0.92ms
     90%    1.31ms
     99%    1.02s
  4112 requests in 1.10s, 0.61MB read
  Socket errors: connect 1, read 2, write 3, timeout 4
  Non-2xx or 3xx responses: 5
Requests/sec:   3738.18
Transfer/sec:    569.49KB
PIDS {"12":4000,"13":112}
`;

test("wrk's report is understood, units and errors included", () => {
  const expected = { requestsPerS: 3738.18, requests: 4112, p50Ms: 0.631, p99Ms: 1020, errors: 15, byPid: { "12": 4000, "13": 112 } };
  assert.deepEqual(parse(REPORT), expected);
});

test("a report without errors has none", () => {
  const clean = REPORT.replace(/.*Socket errors.*\n.*Non-2xx.*\n/, "").replace(/PIDS.*\n/, "");
  assert.equal(parse(clean).errors, 0);
  assert.deepEqual(parse(clean).byPid, {});
});
