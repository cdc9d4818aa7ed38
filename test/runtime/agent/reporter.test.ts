import assert from "node:assert/strict";
import { test } from "node:test";
import { AgentFailure } from "../../../runtime/agent/failure.ts";
import { createReporter } from "../../../runtime/agent/reporter.ts";
import { redactor } from "../../../runtime/redact.ts";

const failure = new AgentFailure("start", "it said hush-hush", {
  kept: "hush-hush",
  next: "see hush-hush",
  log: ['  File "main.py", line 1', "KeyError: 'hush-hush'"],
});

for (const json of [true, false]) {
  test(`a secret is in nothing that is printed ${json ? "as JSON" : "for people"}, and the rest is there`, () => {
    const printed: string[] = [];
    const print = (text: string): void => void printed.push(text);
    const report = createReporter(json, print, print, redactor(["hush-hush"]));
    report.step("health", "GET / said hush-hush");
    report.failed(failure);
    const text = printed.join("");
    assert.doesNotMatch(text, /hush/);
    assert.match(text, /GET \/ said \[secret\]/);
    assert.match(text, /KeyError: '\[secret\]'/);
    assert.match(text, /main\.py/);
  });
}
