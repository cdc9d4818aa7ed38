/** What has no moment of its own: releases that don't drain or can't be installed, and clocks that are wrong. */
import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { test } from "node:test";
import { findArchive } from "../../../infra/rollout/archives.ts";
import { until } from "../../support/poll.ts";
import { PATIENCE_MS } from "./faults.ts";
import { DRAIN_MS, type MatrixFleet, names, type Release } from "./fleet.ts";
import type { Trial } from "./trial.ts";

export function oddityTests(it: () => Trial): void {
  test("a release that never drains: the next one waits for it no longer than it may, and nothing else is lost", async () => {
    const { fleet, traffic } = it();
    const hanging = await fleet.build("hangs");
    assert.equal((await fleet.start(await fleet.plan(hanging)).ended).code, 0);
    const hung = names.map((name) => hang(fleet.url(name)));
    await until("every machine has a request that never ends", () => hung.every(({ sent }) => sent()), 10_000);
    const run = fleet.start(await fleet.plan(await fleet.build("good")));
    const ended = await run.ended;
    for (const { end } of hung) end();
    assert.equal(ended.code, 0, ended.evidence);
    for (const event of run.events) {
      if (event.event === "phase" && event.phase === "switch") assert.ok(event.tookMs < DRAIN_MS + 15_000, ended.evidence);
    }
    traffic.judge("a release that hangs on drain", 0, ended.evidence);
  });

  for (const [what, damage, says] of [
    ["is missing on the operator's computer", (path: string) => rmSync(path), /is not in this computer's cache[\s\S]*nothing was switched/],
    ["is broken on its way", (path: string) => writeFileSync(path, "broken"), /FAILED|failed with exit code/],
  ] as const) {
    test(`a release whose archive ${what} can't be installed: nothing is switched`, async () => {
      const { fleet, traffic } = it();
      const before = await fleet.oneRelease(PATIENCE_MS);
      const release = await fleet.build("good");
      const plan = await fleet.plan(release);
      // A file of its own: the cache's copy may be a link to the release's.
      const archive = findArchive(archiveOf(release));
      rmSync(archive);
      writeFileSync(archive, "");
      damage(archive);
      const run = fleet.start(plan);
      const ended = await run.ended;
      rmSync(archive, { force: true });
      assert.equal(ended.code, 1, ended.evidence);
      assert.match(ended.message, says, ended.evidence);
      assert.match(ended.message, new RegExp(`^The fleet is on release ${before.slice(0, 8)}\\.`, "m"));
      assert.ok(!run.events.some((event) => event.event === "phase" && event.phase === "switch"), ended.evidence);
      assert.equal(await fleet.oneRelease(PATIENCE_MS), before);
      const mended = await fleet.start(await fleet.plan(await fleet.build("good"))).ended;
      assert.equal(mended.code, 0, mended.evidence);
      traffic.judge(`an archive that ${what}`, 0, ended.evidence);
    });
  }

  // What all processes of a machine see as the time can't be set here: it is this computer's own. Programs of ours are shown another one.
  test("clocks that are years off, on two machines and at the operator's: leases and holds don't care", async () => {
    const { fleet, traffic } = it();
    await setClocks(fleet, { "web-2": 10, "web-3": -10 });
    try {
      const before = await fleet.oneRelease(PATIENCE_MS);
      const env = { NODE_OPTIONS: clockOff(5) };
      const killed = fleet.start(await fleet.plan(await fleet.build("good")), {
        env,
        onEvent: (event, run) => event.event === "phase" && event.phase === "switch" && event.machine === "web-3" && run.kill("SIGKILL"),
      });
      await killed.ended;
      assert.equal(await fleet.oneRelease(PATIENCE_MS), before);
      const release = await fleet.build("good");
      const ended = await fleet.start(await fleet.plan(release), { env }).ended;
      assert.equal(ended.code, 0, ended.evidence);
      assert.equal(await fleet.oneRelease(PATIENCE_MS), release.built.releaseId);
      const last = [(await fleet.history("web-2")).at(-1), (await fleet.history("web-3")).at(-1)];
      const years = last.map((line) => new Date(line?.at ?? "").getFullYear());
      const now = new Date().getFullYear();
      assert.deepEqual(years, [now + 10, now - 10], "the machines' programs saw another time");
    } finally {
      await setClocks(fleet, { "web-2": 0, "web-3": 0 });
    }
    await it().succeed();
    await it().quiet();
    traffic.judge("wrong clocks", 0, "");
  });
}

function archiveOf({ built, app }: Release): string {
  const arch = process.arch === "arm64" ? "arm64" : "x64";
  assert.equal(app.name, "shop");
  return built.release({ arch, python: undefined }).archive.sha256;
}

/** Options of Node that make `Date` say another year. */
function clockOff(years: number): string {
  const shift = `const now = Date.now.bind(Date), off = ${years} * 365.25 * 864e5;
    globalThis.Date = class extends Date {
      constructor(...given) { given.length > 0 ? super(...given) : super(now() + off); }
      static now() { return now() + off; }
    };`;
  return `--import=data:text/javascript;base64,${Buffer.from(shift).toString("base64")}`;
}

/** For whatever is started on the machines from now on, by a login or by systemd; 0 takes it back. */
async function setClocks(fleet: MatrixFleet, years: Partial<Record<(typeof names)[number], number>>): Promise<void> {
  for (const name of names) {
    const off = years[name];
    if (off === undefined) continue;
    const line = `NODE_OPTIONS=${clockOff(off)}`;
    await fleet.hosts.sh(
      name,
      off === 0
        ? "sed -i /^NODE_OPTIONS=/d /etc/environment; systemctl unset-environment NODE_OPTIONS"
        : `echo '${line}' >> /etc/environment; systemctl set-environment '${line}'`,
    );
  }
}

/** A request that is never answered, on a connection of its own. */
function hang(origin: string): { sent: () => boolean; end: () => void } {
  let sent = false;
  const hanging = request(`${origin}/hang`, { agent: false, rejectUnauthorized: false }, (response) => response.resume());
  hanging.on("error", () => undefined);
  hanging.on("finish", () => (sent = true));
  hanging.end();
  return { sent: () => sent, end: () => hanging.destroy() };
}
