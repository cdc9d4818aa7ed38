/** What a machine without an agent does with the first archive it is sent: the shell of the rollout's own commands. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { installRuntimeCommand, receiveCommand } from "../../../infra/rollout/commands.ts";
import { makeArchive, type Part, writeFile } from "../../runtime/agent/make-archive.ts";

const id = "d".repeat(64);

/** The machine's folders are made here: the commands are the same but for these two. */
function machine(t: TestContext) {
  const root = mkdtempSync(join(tmpdir(), "fleetwright-bundle-"));
  t.after(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, "opt/fleetwright"), { recursive: true });
  const sh = (command: string, input?: Buffer) => {
    const here = command
      .replaceAll("/opt/fleetwright", join(root, "opt/fleetwright"))
      .replaceAll("/var/lib/fleetwright", join(root, "var"));
    const { status, stderr } = spawnSync("sh", ["-c", here], { input, encoding: "utf8" });
    return { status, stderr };
  };
  const unpacked = () => readdirSync(join(root, "opt/fleetwright/runtime"));
  const incoming = () => readdirSync(join(root, "var/incoming"));
  return { root, sh, unpacked, incoming };
}

function sendAndInstall({ root, sh }: ReturnType<typeof machine>, parts: Part[]) {
  const { path, expected } = makeArchive(root, parts);
  const received = sh(receiveCommand(expected.sha256), readFileSync(path));
  assert.equal(received.status, 0, received.stderr);
  return sh(installRuntimeCommand(id, expected.sha256));
}

const good: Part[] = [
  { path: "bin/", type: "Directory", mode: 0o755 },
  { path: "bin/fleethost", text: "#!/bin/sh\n", mode: 0o755 },
  { path: "sbom.cdx.json", text: "{}\n" },
];

test("a good bundle is unpacked under its id, and the archive is gone", { skip: process.getuid?.() !== 0 }, (t) => {
  const on = machine(t);
  assert.deepEqual(sendAndInstall(on, good), { status: 0, stderr: "" });
  assert.deepEqual(on.unpacked(), [id]);
  assert.deepEqual(on.incoming(), []);
});

test("a bundle that was spoiled on its way is neither kept nor opened", { skip: process.getuid?.() !== 0 }, (t) => {
  const on = machine(t);
  const { path, expected } = makeArchive(on.root, good);
  const bytes = readFileSync(path);
  bytes.writeUInt8(bytes.readUInt8(30) ^ 1, 30);
  const { status, stderr } = on.sh(receiveCommand(expected.sha256), bytes);
  assert.notEqual(status, 0);
  assert.match(stderr, /FAILED|did NOT match/);
  assert.deepEqual(on.incoming(), []);
});

test("one that was spoiled after it was received isn't opened either", { skip: process.getuid?.() !== 0 }, (t) => {
  const on = machine(t);
  const { path, expected } = makeArchive(on.root, good);
  on.sh(receiveCommand(expected.sha256), readFileSync(path));
  rmSync(join(on.root, "var/incoming", on.incoming()[0] ?? ""));
  const other = writeFile(on.root, readFileSync(makeArchive(on.root, good.slice(1)).path));
  spawnSync("cp", [other.path, join(on.root, "var/incoming", `${expected.sha256}.tar.gz`)]);
  const { status, stderr } = on.sh(installRuntimeCommand(id, expected.sha256));
  assert.equal(status, 1);
  assert.match(stderr, /refused: it is not the archive that the rollout names/);
  assert.deepEqual([on.unpacked(), on.incoming()], [[], []]);
});

const refused: Record<string, [Part, RegExp]> = {
  "an absolute path": [{ path: "/tmp/fleetwright-escaped", text: "x" }, /leads outside/],
  "a path through ..": [{ path: "bin/../../escaped", text: "x" }, /leads outside/],
  "a symbolic link": [{ path: "bin/l", type: "SymbolicLink", linkpath: "../../..", mode: 0o777 }, /neither a plain file/],
  "a hard link": [{ path: "bin/l", type: "Link", linkpath: "/etc/shadow", mode: 0o755 }, /neither a plain file/],
  "a device": [{ path: "bin/null", type: "CharacterDevice" }, /neither a plain file/],
  "a fifo": [{ path: "bin/fifo", type: "FIFO" }, /neither a plain file/],
  "a setuid program": [{ path: "bin/tool", text: "x", mode: 0o4755 }, /neither a plain file/],
  "a name twice": [{ path: "bin/fleethost", text: "x", mode: 0o755 }, /there twice/],
  "a name with a line break": [{ path: "bin/a\nb", text: "x" }, /leads outside/],
  "a size beyond its bytes": [{ path: "bin/long", text: "x", size: 2 ** 24 }, /can't be read/],
};
for (const [name, [part, why]] of Object.entries(refused)) {
  test(`a bundle with ${name} is refused, and nothing of it is written`, { skip: process.getuid?.() !== 0 }, (t) => {
    const on = machine(t);
    const { status, stderr } = sendAndInstall(on, [...good, part]);
    assert.equal(status, 1);
    assert.match(stderr, why);
    assert.deepEqual([on.unpacked(), on.incoming()], [[], []]);
  });
}
