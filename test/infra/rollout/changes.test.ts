/** What the preview says before it happens. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { describeChange } from "../../../infra/rollout/changes.ts";
import { type Manifest, partsOf } from "../../../runtime/manifest.ts";
import { manifest, reportOf } from "../../support/samples.ts";

const now = manifest();
const report = reportOf(now, { parts: partsOf(now) });
const app = (changed: Partial<Manifest["app"]>): Manifest => ({ ...now, app: { ...now.app, ...changed } });
const [web] = now.app.processes;
const step = { name: "migrate", command: ["./migrate"], repeatable: false, timeoutMs: 1_000 };

const said: [string, Manifest, string][] = [
  [
    "the release",
    app({ release: { ...now.app.release, id: "9".repeat(64) }, environment: { FLEETWRIGHT_RELEASE: "9".repeat(64) } }),
    "new generation (release 11111111 -> 99999999)",
  ],
  ["the environment", app({ environment: { A: "1" } }), "new generation (environment)"],
  ["limits", app({ memoryMaxMiB: 512 }), "new generation (limits and workers)"],
  ["the number of workers", app({ processes: [{ ...web, workers: { count: 4, perCore: 1 } }] }), "new generation (limits and workers)"],
  ["how the app is run", app({ processes: [{ ...web, drainTimeoutMs: 5 }] }), "new generation (the app's settings)"],
  [
    "release and environment",
    app({ release: { ...now.app.release, id: "9".repeat(64) }, environment: { A: "1", FLEETWRIGHT_RELEASE: "9".repeat(64) } }),
    "new generation (release 11111111 -> 99999999, environment)",
  ],
  ["HTTPS", { ...now, https: { ...now.https, mode: "none" } }, "HTTPS: Caddy reloads; no process of the app restarts"],
  [
    "what is told to CloudWatch",
    {
      ...now,
      cloudwatch: { region: "eu-central-1", metadataUrl: "http://169.254.169.254", logs: { url: "https://logs.example", group: "/g" } },
    },
    "tells CloudWatch something else (alarms, logs); no process of the app restarts",
  ],
  ["a step", app({ once: [step] }), "other steps before a switch; no process of the app restarts"],
  [
    "HTTPS and limits",
    { ...app({ memoryMaxMiB: 512 }), https: { ...now.https, httpPort: 81 } },
    "new generation (limits and workers); HTTPS: Caddy reloads",
  ],
];
for (const [what, wanted, line] of said) {
  test(`a change of ${what} is told as what it does`, () => assert.equal(describeChange(wanted, report), line));
}

test("a part of the app that has no name here is told by its key", () => {
  const wanted = { ...now, app: { ...now.app, credentials: { token: "v2" } } } as unknown as Manifest;
  assert.equal(describeChange(wanted, { ...report, parts: { ...report.parts, credentials: "another" } }), "new generation (credentials)");
});

test("of an agent that doesn't tell its parts, nothing is claimed", () => {
  const { parts: _parts, ...older } = report;
  assert.equal(describeChange(app({ environment: { A: "1" } }), older), "new generation (the app's settings)");
});
