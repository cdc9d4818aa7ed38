/** What a machine is sent, and when it is asked. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { keepArchive } from "../../../infra/rollout/archives.ts";
import type { Session } from "../../../infra/rollout/agent.ts";
import type { RolloutEvent } from "../../../infra/rollout/events.ts";
import { forgetSent, type Sent, sendAhead, stage } from "../../../infra/rollout/stage.ts";
import type { RunResult } from "../../../infra/rollout/transports/connection.ts";
import type { ReleasePart } from "../../../runtime/report.ts";
import { manifest, observed, reportOf } from "../../support/samples.ts";
import { emptyFolder, ownCache } from "../build/folders.ts";

const code = "c".repeat(64);
const packages = "d".repeat(64);
const wanted = manifest();
wanted.app.release = {
  id: "e".repeat(64),
  archive: { sha256: code, bytes: 9 },
  packages: { id: "f".repeat(64), archive: { sha256: packages, bytes: 9 } },
};
const [other, same] = [manifest(), wanted].map((one) => observed(reportOf(one)) as Parameters<typeof sendAhead>[1]);

/** Stages on a machine that says these needs, one after the other. @returns what was done, and what was told */
async function staged(
  t: TestContext,
  seen: typeof other,
  answers: ReleasePart[][],
  { there = [code, packages], app = wanted, rollbackFrom = undefined as string | undefined } = {},
) {
  ownCache(t);
  const folder = emptyFolder(t);
  for (const sha256 of there) {
    writeFileSync(join(folder, sha256), "contents");
    keepArchive({ path: join(folder, sha256), sha256, bytes: 8 });
  }
  const did: string[] = [];
  const events: RolloutEvent[] = [];
  const run = async (command: string, { onLine }: { onLine?: (line: string) => void } = {}): Promise<RunResult> => {
    const parts = [command.includes(packages) ? "packages" : "", command.includes(code) ? "code" : ""].filter((part) => part !== "");
    const what = command.includes("fleethost stage") ? "stage" : command.includes("cat >") ? "send" : "forget";
    did.push([what, ...parts].join(" "));
    if (what === "stage") onLine?.(JSON.stringify({ event: "done", result: { needs: answers.shift() ?? [] } }));
    return { code: 0, stdout: "", stderr: "" };
  };
  const session = {
    machine: { name: "web-1", manifest: app, rollbackFrom },
    connection: { run, close: async () => undefined },
  } as unknown as Session;
  const options = { signal: new AbortController().signal, plan: {}, rollout: "r", tell: (event: RolloutEvent) => events.push(event) };
  const sent: Sent = new Map();
  const say = (): void => undefined;
  await sendAhead(session, seen ?? assert.fail(), sent, say, options as never);
  const failed = await stage(session, sent, say, options as never).catch((error: Error) => error.message);
  await forgetSent(session, sent);
  if (failed !== undefined) did.push(failed);
  return { did, sent: events.flatMap((event) => (event.event === "sent" ? [event.what] : [])) };
}

test("a small code archive goes unasked to a machine that serves another release of the app", async (t) => {
  const { did, sent } = await staged(t, other, [[]]);
  assert.deepEqual(did, ["send code", "stage code", "forget code"]);
  assert.deepEqual(sent, ["release"]);
});

test("with other packages, those are asked for", async (t) => {
  const { did } = await staged(t, other, [["packages"], []]);
  assert.deepEqual(did, ["send code", "stage code", "send packages", "stage packages code", "forget packages code"]);
});

test("a machine that has the release, or none of this app, is asked first", async (t) => {
  assert.deepEqual((await staged(t, same, [[]])).did, ["stage"]);
  const without = { ...(observed() as NonNullable<typeof other>), runtimes: ["a".repeat(64)] };
  const { did } = await staged(t, without, [["packages", "release"], []]);
  assert.deepEqual(did, ["stage", "send packages", "send code", "stage packages code", "forget packages code"]);
});

test("a machine that never had an agent gets all that is here, unasked", async (t) => {
  const fresh = { ...(observed() as NonNullable<typeof other>), runtimes: [] };
  const all = await staged(t, fresh, [[]]);
  assert.deepEqual(all.did, ["send packages", "send code", "stage packages code", "forget packages code"]);
  assert.deepEqual((await staged(t, fresh, [[]], { there: [] })).did, ["stage"]);
  const { did } = await staged(t, fresh, [["packages"]], { there: [code] });
  assert.deepEqual(did.slice(0, 2), ["send code", "stage code"]);
});

test("so is one where the archive is large, or isn't here: it may have that release from before", async (t) => {
  const large = structuredClone(wanted);
  large.app.release.archive.bytes = 2 ** 21;
  assert.deepEqual((await staged(t, other, [[]], { app: large })).did, ["stage"]);
  assert.deepEqual((await staged(t, other, [[]], { there: [] })).did, ["stage"]);
});

test("a rollback sends nothing unasked", async (t) => {
  assert.deepEqual((await staged(t, other, [[]], { rollbackFrom: "9".repeat(64) })).did, ["stage"]);
});

test("one that lacks what it was just sent is told, and what was sent is taken away", async (t) => {
  const { did } = await staged(t, other, [["packages"], ["packages"]]);
  assert.deepEqual(did.slice(-2, -1), ["forget packages code"]);
  assert.match(did.at(-1) ?? "", /still lacks what it was just sent \(packages\)[\s\S]*nothing was switched/);
});
