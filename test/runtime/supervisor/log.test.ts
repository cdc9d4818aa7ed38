import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog, type LogSettings } from "../../../runtime/supervisor/log.ts";
import { automaticFormat } from "../../../runtime/supervisor/log-format.ts";

const TIME = "2026-01-02T03:04:05.678Z";

function written(format: LogSettings["format"], act: (log: ReturnType<typeof createLog>) => void): string[] {
  const lines: string[] = [];
  act(createLog({ format, env: {}, now: () => new Date(TIME), write: (stream, text) => lines.push(`${stream} ${text}`) }));
  return lines;
}

test("text is what people read: level, sentence; the workers' lines with their slot on their own stream", () => {
  const lines = written("text", (log) => {
    log.log("info", "Ready", { pid: 7 });
    log.log("warning", "Worker [8] (slot 2): was slow");
    log.workerLine("stdout", 2, "hello");
    log.workerLine("stderr", 3, "<3>kept as it is");
  });
  assert.deepEqual(lines, [
    "stderr INFO:     Ready\n",
    "stderr WARNING:  Worker [8] (slot 2): was slow\n",
    "stdout [2] hello\n",
    "stderr [3] <3>kept as it is\n",
  ]);
});

test("the journal gets a priority before every line, and the fields behind the first", () => {
  const lines = written("journal", (log) => {
    log.log("info", "Ready", { workers: 2 });
    log.log("warning", "Slow");
    log.log("error", "No worker became ready:\n  | Traceback", { slot: 1, signal: undefined });
  });
  assert.deepEqual(lines, [
    "stderr <6>Ready workers=2\n",
    "stderr <4>Slow\n",
    "stderr <3>No worker became ready: slot=1\n<3>  | Traceback\n",
  ]);
});

test("a worker's stderr is a notice in the journal, unless the worker said a priority itself", () => {
  const lines = written("journal", (log) => {
    log.workerLine("stdout", 1, "out");
    log.workerLine("stderr", 1, "err");
    log.workerLine("stdout", 1, "<3>broken");
    log.workerLine("stdout", 1, "<9>no priority");
  });
  assert.deepEqual(lines, ["stdout <6>[1] out\n", "stderr <5>[1] err\n", "stdout <3>[1] broken\n", "stdout <6>[1] <9>no priority\n"]);
});

test("fields that would be read wrongly are quoted", () => {
  const values = { plain: "GET/x", space: "a b", empty: "", equals: "a=b", quote: 'say "x"', line: "a\nb", number: 1.5, none: null };
  assert.deepEqual(
    written("journal", (log) => log.log("info", "T", values)),
    ['stderr <6>T plain=GET/x space="a b" empty="" equals="a=b" quote="say \\"x\\"" line="a\\nb" number=1.5 none=null\n'],
  );
});

test("JSON is one object a line, whatever is in it", () => {
  const lines = written("json", (log) => {
    log.log("error", "two\nlines", { pid: 7, signal: undefined });
    log.workerLine("stderr", 2, 'a "quoted" word');
  });
  assert.deepEqual(lines, [
    `stderr {"time":"${TIME}","level":"error","msg":"two\\nlines","pid":7}\n`,
    `stderr {"time":"${TIME}","stream":"stderr","slot":2,"msg":"a \\"quoted\\" word"}\n`,
  ]);
});

test("auto is the journal's format only when our own stderr is what systemd connected to it", () => {
  assert.equal(automaticFormat("8:1234", "8:1234"), "journal");
  assert.equal(automaticFormat("8:1234", "8:99"), "text");
  assert.equal(automaticFormat(undefined, "8:99"), "text");
  assert.equal(automaticFormat("8:1234", null), "text");
});
