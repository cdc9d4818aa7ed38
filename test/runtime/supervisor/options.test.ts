import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Manifest } from "../../../runtime/manifest.ts";
import { RunFailure } from "../../../runtime/supervisor/exit.ts";
import { manifest as manifestSample } from "../../support/samples.ts";
import type { RunFlags } from "../../../runtime/supervisor/flags.ts";
import { compileOptions } from "../../../runtime/supervisor/options.ts";

const sample = manifestSample();
const manifest: Manifest = {
  ...sample,
  app: {
    ...sample.app,
    processes: [{ ...sample.app.processes[0], bootTimeoutMs: 1_000, livenessTimeoutMs: 2_000, drainTimeoutMs: 3_000 }],
  },
};

function generation(t: TestContext, content: unknown = manifest): { folder: string; release: string } {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "fw-generation-")));
  t.after(() => rmSync(root, { recursive: true }));
  const release = join(root, "releases", "first");
  const folder = join(root, "generation");
  for (const made of [release, folder]) mkdirSync(made, { recursive: true });
  symlinkSync(release, join(folder, "release"));
  writeFileSync(join(folder, "manifest.json"), JSON.stringify(content));
  return { folder, release };
}

const fails = (flags: RunFlags, message: RegExp): void =>
  assert.throws(
    () => compileOptions(flags, "/srv"),
    (error) => error instanceof RunFailure && error.exitCode === 2 && message.test(error.message),
  );

test("a generation: its process, and paths behind the resolved link", (t) => {
  const { folder, release } = generation(t);
  const options = compileOptions({ generation: folder }, "/");
  assert.deepEqual(options.process, manifest.app.processes[0]);
  const appDir = join(release, "app");
  assert.deepEqual(options.resolveCode(), { appDir, pythonPath: [appDir, join(release, "python")] });
});

test("a manifest that isn't right is told by key", (t) => {
  const { folder } = generation(t, { ...manifest, runtime: "x" });
  fails({ generation: folder }, /manifest\.json is not right:[^]*runtime/);
});

test("a generation that isn't there", () => fails({ generation: "/nowhere/g" }, /cannot read \/nowhere\/g\/manifest\.json/));

test("a generation and what it says already", () => fails({ generation: "/g", workers: "2", node: "a.ts" }, /node, workers/));

test("by hand: defaults", () => {
  const options = compileOptions({ node: "server.ts" }, "/srv/app");
  assert.deepEqual(options.process.command, { kind: "node", module: "server.ts" });
  assert.equal(options.process.workers.count, "auto");
  assert.deepEqual(options.listen, { kind: "tcp", host: "127.0.0.1", port: 8000 });
  assert.equal(options.python, "python3");
});

test("by hand: everything given, paths made absolute", () => {
  const options = compileOptions(
    { asgi: "main:app", workers: "3", appDir: "sub", socket: "web.sock", python: "py", drainTimeoutMs: "70" },
    "/srv",
  );
  assert.equal(options.process.workers.count, 3);
  assert.equal(options.process.drainTimeoutMs, 70);
  assert.deepEqual(options.listen, { kind: "unix", path: "/srv/web.sock" });
});

test("by hand the code is looked up anew each time, behind its link; one that is gone is told", (t) => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "fw-code-")));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  for (const name of ["first", "second"]) mkdirSync(join(root, name));
  const point = (to: string) => {
    rmSync(join(root, "current"), { force: true });
    symlinkSync(to, join(root, "current"));
  };
  point("first");
  const { resolveCode } = compileOptions({ node: "server.ts", appDir: "current" }, root);
  assert.equal(resolveCode().appDir, join(root, "first"));
  point("second");
  assert.deepEqual(resolveCode(), { appDir: join(root, "second"), pythonPath: [join(root, "second")] });
  point("third");
  assert.throws(resolveCode, /ENOENT.*current/);
});

const commandOf = (flags: RunFlags) => {
  const { command } = compileOptions(flags, "/srv").process;
  return command.kind === "command" ? command : assert.fail(command.kind);
};

test("a command's placeholder says how it takes connections; --listen wins; without either it takes none", () => {
  assert.equal(commandOf({ command: ["a", "{fd}"] }).listen, "fd");
  assert.equal(commandOf({ command: ["a", "x{port}y"] }).listen, "port");
  assert.equal(commandOf({ command: ["a", "{socket}"] }).listen, "socket");
  assert.equal(commandOf({ command: ["a"] }).listen, "none");
  assert.equal(commandOf({ command: ["next", "start"], listen: "port" }).listen, "port");
});

test("by hand, slot 1 of a command has the port that was asked for", () => {
  const { slots } = compileOptions({ command: ["a", "{port}"], port: "9000", slots: "4" }, "/srv", "/tmp/x");
  assert.deepEqual([slots?.portBase, slots?.count, slots?.listen], [8_999, 4, "port"]);
  assert.equal(compileOptions({ command: ["a", "{fd}"] }, "/srv").slots, undefined);
});

test("limits and bounds", () => {
  const { process } = compileOptions(
    {
      node: "a.ts",
      minWorkers: "2",
      maxWorkers: "9",
      maxRequests: "10",
      maxRequestsJitter: "5",
      maxMemoryMib: "64",
      maxLifetimeMs: "5000",
    },
    "/srv",
  );
  assert.deepEqual([process.workers.min, process.workers.max], [2, 9]);
  assert.deepEqual(process.recycle, { maxRequests: 10, maxRequestsJitter: 5, memoryMiB: 64, lifetimeMs: 5_000 });
});

test("a descriptor that is none, and one beside a port", () => {
  fails({ node: "a.ts", fd: "two" }, /--fd two/);
  fails({ node: "a.ts", fd: "3", port: "1" }, /exclude each other/);
  assert.deepEqual(compileOptions({ node: "a.ts", fd: "3" }, "/srv").listen, { kind: "fd", fd: 3 });
});

test("what is for commands only", () => fails({ node: "a.ts", probe: "/up" }, /after "--" only: probe/));
test("a log format that is none", () => fails({ node: "a.ts", logFormat: "xml" }, /xml is none of auto, text, journal, json/));

test("neither app nor generation", () => fails({}, /say what to run/));
test("two apps at once", () => fails({ asgi: "a:b", node: "a.ts" }, /say what to run/));
test("an app that is not module:attribute", () => fails({ asgi: "main.py" }, /module:attribute/));
test("a port that is none", () => fails({ node: "a.ts", port: "http" }, /--port http/));
test("a port and a socket", () => fails({ node: "a.ts", port: "1", socket: "s" }, /exclude each other/));
test("workers that are no number, and a time-out that is none", () =>
  fails({ node: "a.ts", workers: "many", drainTimeoutMs: "-1" }, /drainTimeoutMs[^]*workers\.count/));

const secretive = {
  ...manifest,
  app: {
    ...manifest.app,
    secrets: { DB: { as: "environment", version: "1".repeat(32) }, TLS: { as: "credential", version: "2".repeat(32) } },
  },
};

test("a generation's secrets come from systemd's files, those for the app's own reading apart", (t) => {
  const { folder } = generation(t, secretive);
  writeFileSync(join(folder, "DB"), 'two\nlines "$x"\n');
  assert.deepEqual(compileOptions({ generation: folder }, "/", "/", folder).secretEnvironment, { DB: 'two\nlines "$x"\n' });
});

test("a generation with secrets doesn't start without them", (t) => {
  const { folder } = generation(t, secretive);
  const refused = (credentials: string | undefined, message: RegExp) =>
    assert.throws(() => compileOptions({ generation: folder }, "/", "/", credentials), message);
  refused("", /cannot read the secret DB/);
  refused(join(folder, "none"), /cannot read the secret DB/);
});
