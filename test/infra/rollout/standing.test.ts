import assert from "node:assert/strict";
import { test } from "node:test";
import { standingOf } from "../../../infra/rollout/standing.ts";
import { manifest, observed, reportOf } from "../../support/samples.ts";

const on = (machine: string, digit: string, changed: object = {}) => ({
  machine,
  app: "shop",
  seen: observed(reportOf(manifest(), { release: digit.repeat(64), ...changed })),
});
const lost = (machine: string) => ({ machine, app: "shop", seen: undefined });

test("a fleet on one release, on two, and one that was never on any", () => {
  assert.equal(standingOf([on("a", "1"), on("b", "1")], 30_000), "The fleet is on release 11111111.");
  assert.equal(standingOf([on("a", "1"), on("b", "2")], 30_000), "The fleet is on release 11111111 (a) and release 22222222 (b).");
  assert.equal(standingOf([{ machine: "a", app: "shop", seen: observed() }], 30_000), "The fleet is on no release yet.");
});

test("a switch that isn't confirmed, and a machine that can't be asked, are told as such", () => {
  assert.match(standingOf([on("a", "1"), on("b", "2", { unconfirmed: "f".repeat(16) })], 30_000), /release 22222222, not confirmed \(b\)/);
  assert.match(standingOf([on("a", "1"), lost("b")], 30_000), /on release 11111111\. b can't be asked; .* by itself within 30 s\.$/);
  assert.match(standingOf([lost("b")], 30_000), /not known: b can't be asked/);
});
