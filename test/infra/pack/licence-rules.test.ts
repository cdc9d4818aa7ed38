import assert from "node:assert/strict";
import { test } from "node:test";
import { licenceProblem } from "../../../infra/pack/licence-rules.ts";

const of = (license: unknown, licenses?: unknown) => licenceProblem({ name: "p", version: "1.0.0", license, licenses });

test("an allowed licence passes, in every form that package.json has had for it", () => {
  for (const license of ["MIT", "(BSD-3-Clause AND Apache-2.0)", "GPL-3.0-only OR MIT", { type: "MIT" }])
    assert.equal(of(license), undefined);
  assert.equal(of(undefined, [{ type: "MIT" }]), undefined);
});

test("an unknown one, one of several that all hold, and none at all are refused by name", () => {
  assert.match(of("AGPL-3.0") ?? "", /p 1\.0\.0 has the licence AGPL-3\.0/);
  assert.match(of("MIT AND GPL-3.0-only") ?? "", /isn't on the list/);
  assert.match(of("SEE LICENSE IN LICENSE") ?? "", /isn't on the list/);
  assert.match(of(undefined) ?? "", /names no licence/);
  assert.match(of("") ?? "", /names no licence/);
});
