/** The gate's own shell, in a folder of the test's: what it lets through, and what not. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { Command } from "commander";
import { GATE_REFUSED, GATE_VERSION, gateScript } from "../../../infra/deploy-user/gate-script.ts";
import { gateTable, notThroughTheGate } from "../../../infra/deploy-user/gate-table.ts";
import { registerAgent } from "../../../runtime/agent/command.ts";
import { registerAsk } from "../../../runtime/supervisor/ask-command.ts";
import { registerRun } from "../../../runtime/supervisor/command.ts";
import { makeArchive, type Part } from "../../runtime/agent/make-archive.ts";

const id = "a".repeat(64);
const uuid = "0b8f5c1e-4f9a-4c59-9c11-2f1d4a7d9a10";

/** A machine's folders, an agent that writes down what it is called with, and the gate over them. */
function machine(t: TestContext, allowed = "") {
  const root = mkdtempSync(join(tmpdir(), "fleetwright-gate-"));
  t.after(() => rmSync(root, { recursive: true }));
  const bin = join(root, "opt/runtime", id, "bin");
  mkdirSync(bin, { recursive: true });
  mkdirSync(join(root, "opt-deploy"));
  writeFileSync(join(root, "opt-deploy/runtimes"), allowed);
  const called = join(root, "called");
  writeFileSync(join(bin, "fleethost"), `#!/bin/sh\nprintf '%s\\0' "$@" > ${called}\n`);
  chmodSync(join(bin, "fleethost"), 0o755);
  const path = join(root, "gate");
  const script = gateScript()
    .replaceAll("/opt/fleetwright-deploy", join(root, "opt-deploy"))
    .replaceAll("/opt/fleetwright", join(root, "opt"))
    .replaceAll("/var/lib/fleetwright", join(root, "var"));
  writeFileSync(path, script);
  const gate = (args: readonly string[], input: Buffer | string = "") => {
    rmSync(called, { force: true });
    const { status, stdout, stderr } = spawnSync("sh", [path, ...args], { input, encoding: "utf8" });
    const words = existsSync(called) ? readFileSync(called, "utf8").split("\0").slice(0, -1) : undefined;
    return { status, stdout, stderr, words };
  };
  const incoming = join(root, "var/incoming");
  return { root, gate, incoming, runtimes: () => readdirSync(join(root, "opt/runtime")) };
}

const throughs: string[][] = [
  ["stage", "--rollout", uuid, "--json"],
  ["switch", "--apply-id", id, "--lease-ms", "30000", "--surge", "auto", "--rollout", uuid, "--by", "Jö Smith@laptop (2)", "--json"],
  ["confirm", "--prepare", "--app", "shop", "--apply-id", id, "--rollout", uuid, "--json"],
  ["revert", "--app", "shop", "--apply-id", id, "--rollout", uuid, "--json"],
  ["renew", "--app", "shop", "--lease-ms", "5000", "--rollout", uuid, "--json"],
  ["hold", "--rollout", uuid, "--who", "root@ci", "--lease-ms", "5000", "--take-over", "--json"],
  ["note-once", "--rollout", uuid, "--step", "migrate", "--attempt", uuid, "--state", "done", "--on", "web-1", "--json"],
  ["logs", "--app", "shop", "--json", "--follow", "--since=2026-01-31 10:00", "--lines=20"],
  ["decommission", "--app", "shop", "--json"],
];
test("what a rollout and the fleet command ask of an agent gets through, word by word", (t) => {
  const { gate, incoming } = machine(t);
  for (const words of [...throughs, ["stage", "--archive", join(incoming, `${id}.tar.gz`)]])
    assert.deepEqual(gate(["agent", id, ...words]).words, words);
});

const refused: Record<string, string[]> = {
  nothing: [],
  "a shell": ["sh", "-c", "id"],
  "an operation with too many words": ["version", "x"],
  "a runtime by path": ["agent", "../../../tmp", "status"],
  "a runtime that isn't there": ["agent", "b".repeat(64), "status"],
  "a hash that is too long": ["use", `${id}a`],
  "a hash with a line break": ["forget", `${"a".repeat(63)}\n`],
  "a path for a hash": ["forget", "../../../etc/shadow"],
  "the supervisor, which would run anything as root": ["agent", id, "run", "--", "sh"],
  "an option before the command": ["agent", id, "--json", "status"],
  "an option that the command has but isn't for the deploy user": ["agent", id, "status", "--control", "/tmp/socket"],
  "an archive elsewhere": ["agent", id, "stage", "--archive", "/etc/shadow"],
  "an app that leads elsewhere": ["agent", id, "drift", "--app", "../root"],
  "an app as an option": ["agent", id, "drift", "--app", "--help"],
  "a word that no option takes": ["agent", id, "status", "shop"],
  "the end of options": ["agent", id, "status", "--", "run"],
  "a flag with a value": ["agent", id, "status", "--json=x"],
  "an option without its value": ["agent", id, "drift", "--app"],
  "a name behind a line break": ["agent", id, "switch", "--by", "me\nExecStart=/bin/sh"],
  "a state that there isn't": ["agent", id, "note-once", "--state", "undone"],
  "an app for the confirm that leads elsewhere": ["decide", "..", uuid],
  "an apply id that leads elsewhere": ["decide", "shop", "x/../../y"],
};
for (const [what, words] of Object.entries(refused)) {
  test(`refused: ${what}`, (t) => {
    const { gate } = machine(t);
    const { status, stdout, stderr, words: called } = gate(words);
    assert.deepEqual([status, stdout, called], [GATE_REFUSED, "", undefined], stderr);
    assert.match(stderr, /^fleetwright-gate: refused: /);
  });
}

test("an archive is where archives are received, and nowhere else", (t) => {
  const { gate, incoming } = machine(t);
  for (const path of [`${incoming}/../x/${id}.tar.gz`, `${incoming}/${id}.tar`, `/tmp/${id}.tar.gz`, `${id}.tar.gz`]) {
    assert.equal(gate(["agent", id, "stage", "--archive", path]).status, GATE_REFUSED, path);
  }
});

test("a value of any bytes is refused or reaches the agent as the one word that it was", (t) => {
  const { gate } = machine(t);
  const shell = ["", " ", "$(id)", "`id`", "a;b", "a b", "'", '"', "\\", "*", "?", "[a]", "%s", "~"];
  const nasty = [...shell, "-", "--", "\t", "\r", "ä", "\u007f", "a\n", "\u001b[0m"];
  for (const value of nasty) {
    for (const option of ["--who", "--rollout", "--lease-ms"]) {
      const words = ["hold", option, value];
      const { status, words: called } = gate(["agent", id, ...words]);
      if (status === GATE_REFUSED) assert.equal(called, undefined);
      else assert.deepEqual(called, words);
    }
  }
});

const bundle: Part[] = [
  { path: "bin/", type: "Directory", mode: 0o755 },
  { path: "bin/fleethost", text: "#!/bin/sh\n", mode: 0o755 },
];
const other = "c".repeat(64);
const asRoot = { skip: process.getuid?.() !== 0 };

test("a runtime bundle that nobody allowed isn't opened, though its hash is right", asRoot, (t) => {
  const on = machine(t, `${other} ${id}\n`);
  const { path, expected } = makeArchive(on.root, bundle);
  assert.equal(on.gate(["receive", expected.sha256], readFileSync(path)).status, 0);
  const { status, stderr } = on.gate(["install", other, expected.sha256]);
  assert.equal(status, GATE_REFUSED);
  assert.match(stderr, /hasn't allowed yet: fleet deploy-user MACHINE/);
  assert.deepEqual(on.runtimes(), [id]);
});

test("an allowed one is installed; other bytes under its name are not, nor under another id", asRoot, (t) => {
  const on = machine(t);
  const { path, expected } = makeArchive(on.root, bundle);
  writeFileSync(join(on.root, "opt-deploy/runtimes"), `${other} ${expected.sha256}\n`);
  assert.notEqual(on.gate(["receive", expected.sha256], "something else").status, 0);
  assert.deepEqual(readdirSync(on.incoming), []);
  on.gate(["receive", expected.sha256], readFileSync(path));
  assert.equal(on.gate(["install", "d".repeat(64), expected.sha256]).status, GATE_REFUSED);
  assert.deepEqual(on.gate(["install", other, expected.sha256]), { status: 0, stdout: "", stderr: "", words: undefined });
  assert.deepEqual(on.runtimes(), [id, other]);
});

test("where any bundle is allowed, one is installed by its hash alone", asRoot, (t) => {
  const on = machine(t, "any\n");
  const { path, expected } = makeArchive(on.root, bundle);
  on.gate(["receive", expected.sha256], readFileSync(path));
  assert.equal(on.gate(["install", other, expected.sha256]).status, 0);
});

test("its version, and the machine's key where there is one", (t) => {
  const on = machine(t);
  assert.equal(on.gate(["version"]).stdout, `${GATE_VERSION}\n`);
  assert.deepEqual(on.gate(["secret-key"]), { status: 0, stdout: "", stderr: "", words: undefined });
});

test("every command of fleethost is let through, or is named with the reason why not; every option is one of the agent's", () => {
  const program = new Command();
  for (const register of [registerRun, registerAsk, registerAgent]) register(program);
  const there = program.commands.map((command) => command.name());
  assert.deepEqual([...Object.keys(gateTable), ...Object.keys(notThroughTheGate)].sort(), there.sort());
  for (const [name, options] of Object.entries(gateTable)) {
    const known = program.commands.find((command) => command.name() === name)?.options.map(({ long }) => long);
    for (const option of Object.keys(options)) assert.ok(known?.includes(option), `${name} ${option}`);
  }
});
