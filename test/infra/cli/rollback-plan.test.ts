import assert from "node:assert/strict";
import { test } from "node:test";
import { planRollback, type Reported, releaseBefore } from "../../../infra/cli/rollback-plan.ts";
import type { FleetError } from "../../../infra/errors.ts";
import { generationOf, type Manifest } from "../../../runtime/manifest.ts";
import type { HistoryLine } from "../../../runtime/report.ts";
import { manifest } from "../../support/samples.ts";

const CLOUDWATCH = { region: "eu-central-1", metadataUrl: "http://169.254.169.254" };

const id = (letter: string): string => letter.repeat(64);

function of(release: string, environment: Record<string, string> = {}): Manifest {
  const sample = manifest();
  return { ...sample, app: { ...sample.app, environment, release: { ...sample.app.release, id: id(release) } } };
}

function line(from: Manifest, changed: Partial<HistoryLine> = {}): HistoryLine {
  const about = { at: "2026-01-01T00:00:00.000Z", by: "ann@laptop", event: "confirmed" as const, applyId: "x", why: "" };
  return { ...about, generation: generationOf(from), release: from.app.release.id, ...changed };
}

/** A machine on which these were confirmed, one after the other; the last is live. */
function machine(name: string, manifests: Manifest[], gone: Manifest[] = []): Reported {
  const live = manifests.at(-1) as Manifest;
  const unique = [...new Map(manifests.map((each) => [generationOf(each), each])).values()];
  return {
    name,
    releases: {
      schema: 1,
      app: "shop",
      agentRuntime: id("f"),
      live: {
        ...{ generation: generationOf(live), release: live.app.release.id, runtime: live.runtime },
        ...{ https: { ...live.https, httpsPort: 8443 }, hardening: { sshKeysOnly: true }, cloudwatch: CLOUDWATCH },
      },
      previous: null,
      history: manifests.map((each) => line(each)),
      stored: unique.map((each) => ({
        generation: generationOf(each),
        release: each.app.release.id,
        runtime: each.runtime,
        madeAt: "",
        complete: !gone.includes(each),
        manifest: each,
      })),
    },
  };
}

const [a, b, c] = [of("a"), of("b"), of("c")];

test("back to the release before, with the settings that served with it last, and today's HTTPS", () => {
  const a2 = of("a", { MODE: "2" });
  const plan = planRollback([machine("web-1", [a, a2, b]), machine("web-2", [a, a2, b])], undefined);
  assert.equal(plan.release, id("a"));
  assert.deepEqual(
    plan.machines.map(({ generation }) => generation),
    [generationOf(a2), generationOf(a2)],
  );
  assert.deepEqual(
    [plan.machines[0]?.from, plan.machines[0]?.agentRuntime, plan.machines[0]?.manifest.https.httpsPort],
    [id("b"), id("f"), 8443],
  );
  assert.deepEqual(plan.machines[0]?.manifest.hardening, { sshKeysOnly: true });
  assert.deepEqual(plan.machines[0]?.manifest.cloudwatch, CLOUDWATCH);
});

test("a release by the beginning of its id, and a generation by its own", () => {
  assert.equal(planRollback([machine("web-1", [a, b, c])], "aaaa").release, id("a"));
  const a2 = of("a", { MODE: "2" });
  assert.equal(planRollback([machine("web-1", [a, a2, b])], generationOf(a)).machines[0]?.generation, generationOf(a));
});

test("two rollbacks in a row go back twice; a failed switch is no release", () => {
  const back = line(b, { rollbackFrom: id("c") });
  assert.equal(releaseBefore([line(a), line(b), line(c)]), id("b"));
  assert.equal(releaseBefore([line(a), line(b), line(c), back]), id("a"));
  assert.equal(releaseBefore([line(a), line(b), line(c, { event: "failed" })]), id("a"));
  assert.equal(releaseBefore([line(a), line(a)]), undefined);
});

const refusal = (machines: Reported[], to?: string) => {
  let message = "";
  assert.throws(
    () => planRollback(machines, to),
    (error: FleetError) => {
      message = error.message;
      return error.exitCode === 2 && /nothing was switched/.test(message);
    },
  );
  return message;
};

test("a machine that lacks the release is named before anything starts, with what all have", () => {
  const text = refusal([machine("web-1", [a, b, c]), machine("web-2", [a, b, c], [a])], "aaaa");
  assert.match(text, /^web-2 doesn't have release aaaaaaaa/);
  assert.match(text, /bbbbbbbb/);
  assert.doesNotMatch(text, /name one that all have:.*aaaaaaaa/);
});

test("no release before, machines that disagree, an unknown release, and the live one are refused", () => {
  assert.match(refusal([machine("web-1", [a])]), /there is no release before/);
  assert.match(refusal([machine("web-1", [a, b]), machine("web-2", [c, b])]), /don't agree[\s\S]*web-1: aaaaaaaa[\s\S]*web-2: cccccccc/);
  assert.match(refusal([machine("web-1", [a, b])], "0123"), /no machine has a release "0123"[\s\S]*aaaaaaaa, bbbbbbbb/);
  assert.match(refusal([machine("web-1", [a, b])], "bbbb"), /runs release bbbbbbbb already/);
});

test("machines that run it already are left alone", () => {
  const plan = planRollback([machine("web-1", [a, b]), machine("web-2", [b, a])], "aaaa");
  assert.deepEqual(plan.there, ["web-2"]);
});

test("what the configuration still names is what the last up brought, however often somebody went back since", () => {
  const seen = machine("web-1", [a, b, c]);
  seen.releases.history.push(line(b, { rollbackFrom: id("c") }), line(c, { event: "failed" }));
  const [back] = planRollback([seen], "aaaa").machines;
  assert.equal(back?.configured, id("c"));
});
