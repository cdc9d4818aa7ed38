/** What the operator's commands decide and print, without a machine. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { planCache } from "../../../infra/cache-prune.ts";
import { isLast } from "../../../infra/cli/decommission.ts";
import { driftExit, driftOfFleet, driftText } from "../../../infra/cli/drift.ts";
import { oneFleet, oneMachine } from "../../../infra/cli/machines.ts";
import { releasesText } from "../../../infra/cli/releases-text.ts";
import { sshCommandLine } from "../../../infra/cli/ssh.ts";
import { withoutHost } from "../../../infra/cli/stack-file.ts";
import { exitCodeOf } from "../../../infra/cli/status.ts";
import type { MachineStatus } from "../../../infra/cli/table.ts";
import type { Inventory } from "../../../infra/inventory.ts";
import { operator } from "../../../infra/operator.ts";
import { machineStatus } from "../../support/samples.ts";

const inventory = (fleet: string, ...names: string[]): Inventory => ({
  schema: 1,
  fleet,
  app: "shop",
  machines: names.map((name) => ({
    name,
    address: "192.0.2.1",
    transport: { kind: "ssh", host: "192.0.2.1", port: 22, user: "root", hostKey: "ssh-ed25519 A" },
  })),
});

const machine = (name: string, changed: Partial<MachineStatus> = {}): MachineStatus => machineStatus({ name, url: null, ...changed });
const lost = machine("web-2", { health: "unreachable: timed out", unreachable: true });

test("a wrong machine's name lists the known ones; one in two fleets asks for the fleet", () => {
  const fleets = [inventory("web", "web-1", "web-2"), inventory("api", "web-1")];
  assert.throws(() => oneMachine(fleets, undefined, "wbe-1"), /no machine "wbe-1"[\s\S]*web-1, web-2, web-1/);
  assert.throws(() => oneMachine(fleets, undefined, "web-1"), /several fleets[\s\S]*--fleet web/);
  assert.equal(oneMachine(fleets, "api", "web-1").inventory.fleet, "api");
  assert.throws(() => oneFleet(fleets, undefined), /several fleets: web, api/);
  assert.equal(oneFleet(fleets, "api").fleet, "api");
});

test("drift has exit code 2, an unreachable machine 3, and drift counts more", () => {
  const fleet = (...machines: MachineStatus[]) => driftOfFleet({ fleet: "web", release: null, machines });
  const drifted = machine("web-1", { drift: ["/unit was changed"] });
  assert.equal(driftExit(fleet(machine("web-1")).machines), 0);
  assert.equal(driftExit(fleet(machine("web-1"), lost).machines), 3);
  assert.equal(driftExit(fleet(drifted, lost).machines), 2);
  assert.equal(driftExit(fleet(machine("web-1", { notes: ["a reboot is due: kernel"] })).machines), 2);
  assert.equal(driftExit(fleet(machine("web-1", { health: "down: the app isn't installed" })).machines), 2);
  assert.equal(
    driftText(fleet(drifted, lost, machine("web-3"))),
    "web:\n  web-1: /unit was changed\n  web-2: unreachable: timed out\n  web-3: as it was confirmed\nThe next `up` puts it back.\n",
  );
});

test("status: 1 when a machine that was reached isn't healthy, 3 when all that were reached are", () => {
  assert.deepEqual(
    [exitCodeOf([machine("a")]), exitCodeOf([machine("a"), lost]), exitCodeOf([machine("a", { health: "down: x" }), lost])],
    [0, 3, 1],
  );
});

test("the last machine that serves is the last one, whatever else is listed", () => {
  const status = (...machines: MachineStatus[]) => ({ fleet: "web", release: null, machines });
  assert.equal(isLast(status(machine("web-1"), lost), "web-1"), true);
  assert.equal(isLast(status(machine("web-1"), machine("web-3")), "web-1"), false);
});

test("ssh: a terminal where there is one, the command as one text after the host", () => {
  assert.deepEqual(sshCommandLine(["-p", "22", "host"], [], true), ["-t", "-p", "22", "host"]);
  assert.deepEqual(sshCommandLine(["host"], ["ls", "-l | wc"], false), ["-T", "host", "--", "ls -l | wc"]);
});

test("forgetting a host keeps the file's comments and every other entry", () => {
  const text = `config:
  fleetwright:fleet:
    # the shop
    name: shop
    machines:
      provider: hosts
      hosts:
        - name: web-1 # the old one
          address: 192.0.2.1
        # in the cellar
        - name: web-2
          address: 192.0.2.2
    rollout: { skip: [web-1] }
`;
  const outcome = withoutHost(text, "shop", "web-1");
  assert.ok(outcome.kind === "removed");
  assert.doesNotMatch(outcome.text, /web-1/);
  assert.match(outcome.text, /# the shop[\s\S]*# in the cellar\n {8}- name: web-2\n {10}address: 192\.0\.2\.2/);
  assert.equal(withoutHost(outcome.text, "shop", "web-2").kind, "last");
  assert.equal(withoutHost(text, "shop", "web-9").kind, "unnamed");
  assert.equal(withoutHost(text, "blog", "web-1").kind, "elsewhere");
  assert.equal(withoutHost("config: { 'fleetwright:fleet': { machines: { provider: local, count: 2 } } }", "web", "web-1").kind, "counted");
});

test("releases: what is live, who brought it, a rollback as such, and a machine that can't be asked", () => {
  const line = {
    at: "2026-01-01T10:00:00.000Z",
    by: "ann@laptop",
    event: "confirmed" as const,
    applyId: "x",
    generation: "g1",
    release: "a".repeat(64),
    why: "healthy",
  };
  const text = releasesText({
    fleet: "web",
    app: "shop",
    machines: [
      {
        name: "web-1",
        state: "answered",
        releases: {
          schema: 1,
          app: "shop",
          agentRuntime: "r",
          live: { generation: "g1", release: line.release, runtime: "r", https: {} },
          previous: "g2",
          history: [line, { ...line, generation: "g2", release: "b".repeat(64) }, { ...line, rollbackFrom: "b".repeat(64) }],
          stored: [],
        },
      },
      { name: "web-2", state: "silent", why: "unreachable: timed out", unreachable: true },
    ],
  });
  const rows = text.split("\n").filter((row) => row.includes("ann@laptop"));
  assert.match(rows[0] ?? "", /confirmed \(rollback from bbbbbbbb\).*aaaaaaaa.*live/);
  assert.match(rows[1] ?? "", /bbbbbbbb.*gone/);
  assert.match(rows[2] ?? "", /aaaaaaaa │ g1 +│ ann@laptop │ +│/);
  assert.match(text, /web-2: unreachable/);
});

test("the cache loses what is neither among the newest nor used lately", () => {
  const day = 24 * 3_600_000;
  const entries = Array.from({ length: 25 }, (_, index) => ({ path: `p${index}`, usedAtMs: index * day }));
  assert.deepEqual(planCache(entries, 33 * day), ["p2", "p1", "p0"]);
  assert.deepEqual(planCache(entries.slice(0, 20), 1_000 * day), []);
});

test("the operator is who used sudo, at this computer", () => {
  assert.match(operator({ SUDO_USER: "ann" }), /^ann@.+/);
  assert.match(operator({}), /^.+@.+/);
});
