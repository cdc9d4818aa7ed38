/** What a terminal shows of a rollout. */
import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { test } from "node:test";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { isRolloutMessage } from "../../../infra/cli/engine.ts";
import { advance, frame, type Live, type LiveEvent } from "../../../infra/cli/live.ts";
import { canDraw, Screen } from "../../../infra/cli/screen.ts";
import { isStepLine } from "../../../infra/cli/up.ts";
import { Tail, View } from "../../../infra/cli/watch.ts";
import type { Phase, RolloutEvent } from "../../../infra/rollout/events.ts";

const begin = (machines: string[], changing = machines): RolloutEvent => ({
  event: "begin",
  rollout: "r",
  fleet: "web",
  release: "0123456789abcdef",
  who: "ann",
  machines,
  changing,
  batches: [changing.slice(0, 1), changing.slice(1)],
});
const step = (machine: string, name: string, text: string): RolloutEvent => ({ event: "step", machine, step: name, text });
const phase = (machine: string, name: Phase, ok = true): RolloutEvent => ({ event: "phase", machine, phase: name, tookMs: 5, ok });
const end: RolloutEvent = { event: "end", ok: true, tookMs: 9_000, confirmWindowMs: 4, message: null };

/** A second between two events. */
const stamped = (events: RolloutEvent[]): LiveEvent[] => events.map((event, index) => ({ ...event, afterMs: index * 1_000, fleet: "web" }));

function after(...events: RolloutEvent[]): Live {
  const live = stamped(events).reduce<Live | undefined>(advance, undefined);
  return live ?? assert.fail("it never began");
}

const WIDE = { columns: 120, rows: 24 };

test("each machine's line says where it is, and its step as it changes", () => {
  const live = after(begin(["web-1", "web-22", "db"], ["web-1", "web-22"]), step("web-1", "runtime", "sending 66.1 MB"));
  assert.deepEqual(frame(live, 3_000, WIDE), [
    "web: release 01234567, 1 of 3 machines done, batch 1 of 2, 3 s",
    "> web-1   staging        2 s  runtime: sending 66.1 MB",
    "  web-22  waiting",
    "= db      as wanted",
  ]);
  const later = after(
    begin(["web-1", "web-22"]),
    phase("web-1", "stage"),
    phase("web-22", "stage"),
    step("web-1", "start", "generation aa"),
    phase("web-1", "switch"),
    step("web-22", "health", "GET / answered 503"),
    phase("web-22", "switch", false),
    step("web-1", "undo", "back"),
  );
  assert.deepEqual(frame(later, 8_000, WIDE), [
    "web: release 01234567, 0 of 2 machines done, batch 1 of 2, 8 s",
    "> web-1   going back     1 s  undo: back",
    "! web-22  failed              health: GET / answered 503",
  ]);
});

test("what was put back says after what, and isn't counted as done", () => {
  const live = after(
    begin(["web-1"]),
    phase("web-1", "stage"),
    step("web-1", "undo", "GET / answered 503"),
    phase("web-1", "switch", false),
    step("web-1", "back", "generation aa"),
    phase("web-1", "back"),
  );
  assert.deepEqual(frame(live, 6_000, WIDE), [
    "web: release 01234567, 0 of 1 machine done, batch 1 of 2, 6 s",
    "= web-1  put back            after undo: GET / answered 503",
  ]);
});

test("a large fleet fits: what is under way is shown, the rest is counted; no line is wider than the terminal", () => {
  const names = Array.from({ length: 50 }, (_, index) => `web-${index + 1}`);
  const live = after(
    begin(names),
    step("web-40", "start", "a\u001b[2J text that is long, and then longer still"),
    phase("web-7", "stage", false),
  );
  const lines = frame(live, 5_000, { columns: 60, rows: 8 });
  assert.equal(lines.length, 6);
  assert.ok(
    lines.every((line) => line.length < 60 && !line.includes("\u001b")),
    lines.join("\n"),
  );
  for (const part of ["web-40", "! web-7 ", "and 46 more: 46 waiting"]) assert.ok(lines.join("\n").includes(part), lines.join("\n"));
});

test("a screen is drawn over; a line for good goes above it", () => {
  const terminal = new FakeTerminal();
  const screen = new Screen(terminal);
  screen.draw(["a", "b"]);
  screen.draw(["a", "b"]);
  screen.print("for good");
  screen.draw([]);
  assert.match(terminal.out, /^a\nb\n(\u001b\[[^\n]*?[GKA])+for good\na\nb\n(\u001b\[[^\n]*?[GKA])+$/);
});

test("a machine that a failed rollout never switched is shown as what it was before", () => {
  const failed = { event: "end", ok: false, tookMs: 9_000, confirmWindowMs: null, message: "it failed" } as const;
  const live = after(
    begin(["web-1", "web-2"]),
    phase("web-1", "stage"),
    phase("web-2", "stage"),
    phase("web-1", "switch", false),
    phase("web-1", "back"),
    failed,
  );
  assert.match(frame(live, 9_000, { columns: 100, rows: 30 }).join("\n"), /= web-1 {2}put back[\s\S]*= web-2 {2}as before$/);
});

test("the end leaves the last picture and the summary as lines, and nothing to draw over", () => {
  const terminal = new FakeTerminal();
  const view = new View(new Screen(terminal));
  for (const event of stamped([begin(["web-1"]), phase("web-1", "stage"), phase("web-1", "switch"), phase("web-1", "confirm"), end]))
    view.take(event);
  assert.match(terminal.out, /= web-1 {2}confirmed\nrelease 01234567 on 1 machine in 9\.0 s, confirmed within 4 ms; nothing sent\n/);
  const { out } = terminal;
  view.draw();
  assert.equal(terminal.out, out);
});

test("only a person's terminal is drawn on", () => {
  const size = { columns: 80, rows: 24 };
  assert.ok(canDraw({ isTTY: true, ...size }, { TERM: "xterm" }));
  assert.ok(!canDraw({ isTTY: false, ...size }, {}) && !canDraw(size, {}) && !canDraw({ isTTY: true, columns: 0, rows: 0 }, {}));
  for (const env of [{ TERM: "dumb" }, { CI: "true" }]) assert.ok(!canDraw({ isTTY: true, ...size }, env));
});

test("a file that grows is read line by line, from where it ended before", () => {
  const folder = mkdtempSync(join(tmpdir(), "fleetwright-tail-"));
  try {
    const path = join(folder, "events");
    assert.deepEqual(new Tail(path).read(), []);
    writeFileSync(path, "earlier\n");
    const tail = new Tail(path);
    appendFileSync(path, "one\ntw");
    assert.deepEqual(tail.read(), ["one"]);
    appendFileSync(path, "o\n");
    assert.deepEqual([tail.read(), tail.read()], [["two"], []]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("Pulumi's lines that repeat a rollout's steps are known; its others stay", () => {
  assert.ok(isStepLine("\u001b[33m ~  \u001b[0mcommand:local:Command web-rollout updating (3s) web-1  health      GET / answered 200"));
  for (const line of [
    " ~  command:local:Command web-rollout updated (9s)",
    " +  aws:ec2:Instance web-rollout creating (3s) x",
    "Diagnostics:",
  ])
    assert.ok(!isStepLine(line));
});

test("through the Automation API, a rollout's passing messages are left to the live view; its errors are not", () => {
  const event = (severity: string, name: string): EngineEvent =>
    ({ diagnosticEvent: { severity, message: "web-1  health", color: "never", urn: `urn:pulumi:s::p::t::${name}` } }) as EngineEvent;
  assert.ok(isRolloutMessage(event("info#err", "web-rollout")));
  for (const other of [event("error", "web-rollout"), event("info", "web-1"), {} as EngineEvent]) assert.ok(!isRolloutMessage(other));
});

class FakeTerminal extends Writable {
  readonly columns = 100;
  readonly rows = 30;
  out = "";

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.out += chunk.toString();
    done();
  }
}
