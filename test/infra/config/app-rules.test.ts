/** Keys that must fit together: each mistake at its key path, with the mend. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { listenOf } from "../../../infra/config/app-rules.ts";
import { parseStackConfig } from "../../../infra/config/parse.ts";
import { problemLines } from "./problem-lines.ts";

function problems(app: object, more: object = {}): string[] {
  return problemLines(() => parseStackConfig({ app: { dir: "a", ...app }, machines: { provider: "local" }, ...more }));
}

const port = { command: ["./server", "--port", "{port}"] };
const fd = { command: ["./server", "--fd={fd}"] };

test("how a command listens follows from the placeholder in it, or is said", () => {
  assert.equal(listenOf(port), "port");
  assert.equal(listenOf(fd), "fd");
  assert.equal(listenOf({ command: ["gunicorn", "--bind=unix:{socket}"] }), "socket");
  assert.equal(listenOf({ command: ["next", "start"], listen: "port" }), "port");
  assert.equal(listenOf({ command: ["./server"] }), undefined);
});

const fine: [title: string, app: object, more?: object][] = [
  ["a command with its port", port],
  ["a command that finds PORT by itself", { command: ["next", "start"], listen: "port" }],
  ["a command that takes systemd's descriptors", { command: ["./server"], listen: "fd", readyAfterMs: 500 }],
  ["slots, ports and a probe", { ...port, slots: 8, portBase: 9_000, probe: "/up" }, { workers: 4 }],
  ["a WSGI app", { wsgi: "main:app", recycle: { maxRequests: 1000, maxRequestsJitter: 100 }, accessLog: true }],
  ["a command that is recycled by memory and lifetime", { ...port, recycle: { memoryMiB: 300, lifetimeMs: 3_600_000 } }],
  ["workers between bounds", {}, { workers: { min: 2, max: 4 } }],
];
for (const [title, app, more] of fine) test(`taken: ${title}`, () => assert.deepEqual(problems(app, more), []));

const wrong: [title: string, app: object, more: object, problem: RegExp][] = [
  ["two entries", { asgi: "main:app", wsgi: "main:app" }, {}, /^app\.wsgi: give either "asgi" or "wsgi", not both/],
  ["a Node module and a command", { node: "a.ts", ...port }, {}, /^app\.command: give either "node" or "command"/],
  ["a command as one text", { command: "./server {port}" }, {}, /^app\.command: given .*; allowed: a list/],
  [
    "a command that doesn't say where it listens",
    { command: ["./server"] },
    {},
    /^app\.command: doesn't say where it listens: write \{port\}.*listen: port.*PORT/,
  ],
  ["two placeholders", { command: ["s", "{port}", "{socket}"] }, {}, /^app\.command: has \{port\} and \{socket\}; .*keep one/],
  ["a placeholder that isn't what is said", { ...port, listen: "socket" }, {}, /^app\.listen: is "socket", but the command has \{port\}/],
  ["a socket without its place", { command: ["s"], listen: "socket" }, {}, /^app\.command: .*write \{socket\}/],
  ["a command that doesn't listen", { command: ["worker"], listen: "none" }, {}, /^app\.listen: a fleet serves HTTPS, .*nothing to serve/],
  ["a listen that doesn't exist", { command: ["s"], listen: "tcp" }, {}, /^app\.listen: given "tcp"; allowed: "fd" or "port" or "socket"/],
  ["a command's keys without a command", { asgi: "main:app", probe: "/" }, {}, /^app\.probe: goes with "command" only/],
  ["a probe on the shared socket", { ...fd, probe: "/" }, {}, /^app\.probe: .*share a socket; remove it/],
  ["slots on the shared socket", { ...fd, slots: 4 }, {}, /^app\.slots: goes with "listen: port" or "socket"/],
  ["a time to be ready where readiness is seen", { ...port, readyAfterMs: 5 }, {}, /^app\.readyAfterMs: goes with "listen: fd"/],
  ["too many slots", { ...port, slots: 65 }, {}, /^app\.slots: given 65; allowed: 64 or less/],
  ["one slot", { ...port, slots: 1 }, {}, /^app\.slots: given 1; allowed: 2 or more/],
  ["a port below 1024", { ...port, portBase: 80 }, {}, /^app\.portBase: given 80; allowed: 1024 or more/],
  ["ports that end too high", { ...port, portBase: 65_530 }, {}, /^app\.portBase: is 65530; with 16 slots it can be 65519 at most/],
  [
    "HTTPS on a slot's port",
    port,
    { https: { httpsPort: 20_003 } },
    /^https\.httpsPort: 20003 is among the ports of the app's slots \(20000 to 20016\)/,
  ],
  [
    "HTTP on the port of Caddy's checks",
    { command: ["s", "{socket}"] },
    { https: { httpPort: 20_000 } },
    /^https\.httpPort: 20000 is among .* \(20000 to 20000\)/,
  ],
  [
    "more workers than two generations have slots",
    port,
    { workers: 9 },
    /^app\.slots: is 16, too few for two generations of 9 workers.*18 or more/,
  ],
  ["more workers than there can be slots", port, { workers: { max: 40 } }, /^app\.slots: .*no more than 32 workers/],
  ["a command's requests counted", { ...port, recycle: { maxRequests: 5 } }, {}, /^app\.recycle\.maxRequests: .*can't be counted/],
  ["a command's access log", { ...port, accessLog: true }, {}, /^app\.accessLog: a command writes its own/],
  ["a jitter of nothing", { recycle: { maxRequestsJitter: 5 } }, {}, /^app\.recycle\.maxRequestsJitter: .*give that, too/],
  ["a minimum above the maximum", {}, { workers: { min: 4, max: 2 } }, /^workers\.min: is 4, more than "max" \(2\): make it 2 or less/],
  ["a number outside of its bounds", {}, { workers: { count: 8, max: 4 } }, /^workers\.count: is 8, outside .*\(1 to 4\)/],
];
for (const [title, app, more, problem] of wrong) {
  test(`refused: ${title}`, () => {
    const found = problems(app, more);
    assert.equal(found.length, 1, found.join("\n"));
    assert.match(found[0] ?? "", problem);
  });
}

test("several are told at once", () => {
  assert.equal(problems({ ...port, readyAfterMs: 5, accessLog: true, recycle: { maxRequests: 5 } }).length, 3);
});
