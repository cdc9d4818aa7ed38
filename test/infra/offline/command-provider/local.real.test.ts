import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { local } from "@pulumi/command";
import pulumi from "@pulumi/pulumi";
import { withStack } from "../engine.ts";
import { endLeftover, isAlive, until } from "../waiting.ts";

test("create gets stdin, environment, folder and interpreter, and gives both streams", () =>
  withStack(async (stack) => {
    const { outputs, changes } = await stack.up(async () => {
      const shell = new local.Command("shell", {
        create: 'cat; echo "$GREETING from $(pwd)"; echo oh >&2; echo; echo last',
        stdin: "in,",
        environment: { GREETING: "hello" },
        dir: stack.folder,
      });
      const node = new local.Command("node", {
        interpreter: [process.execPath, "--print"],
        create: "process.argv.length + 40",
      });
      const none = new local.Command("none", { delete: "true" });
      return { out: shell.stdout, err: shell.stderr, node: node.stdout, none: none.stdout };
    });
    assert.deepEqual(changes, { create: 4 });
    assert.equal(outputs["out"]?.value, `in,hello from ${stack.folder}\n\nlast`);
    assert.equal(outputs["err"]?.value, "oh");
    assert.equal(outputs["node"]?.value, "41");
    assert.equal(outputs["none"]?.value, "");
    assert.match(stack.resource("shell").id, /^shell[0-9a-f]{8}$/);
  }));

test("a run with nothing changed runs nothing; a change updates, and falls back to create", () =>
  withStack(async (stack) => {
    const program = (update: string | undefined, stdin: string) => async () => {
      const command = new local.Command("c", {
        create: `echo create $PULUMI_COMMAND_STDOUT >> ${stack.folder}/ran; echo out; echo err >&2`,
        stdin,
        ...(update !== undefined && { update }),
      });
      return { out: command.stdout };
    };
    const ran = () => readFileSync(join(stack.folder, "ran"), "utf8");
    await stack.up(program(undefined, "1"));
    assert.deepEqual((await stack.up(program(undefined, "1"))).changes, { same: 2 });
    assert.equal(ran(), "create\n");
    assert.deepEqual((await stack.up(program(undefined, "2"))).changes, { same: 1, update: 1 });
    assert.equal(ran(), "create\ncreate out\n");
    const updated = await stack.up(program("echo $PULUMI_COMMAND_STDOUT+$PULUMI_COMMAND_STDERR", "2"));
    assert.equal(updated.outputs["out"]?.value, "out+err");
  }));

test("previous output is kept from the next run when it isn't wanted", () =>
  withStack(async (stack) => {
    const program = (stdin: string) => async () => {
      const create = 'echo "previous=$PULUMI_COMMAND_STDOUT"';
      return { out: new local.Command("c", { create, stdin, addPreviousOutputInEnv: false }).stdout };
    };
    await stack.up(program("1"));
    assert.equal((await stack.up(program("2"))).outputs["out"]?.value, "previous=");
  }));

test("a changed trigger replaces: create for the new, delete with the old one's output", () =>
  withStack(async (stack) => {
    const log = join(stack.folder, "ran");
    const program = (trigger: string) => async () => {
      new local.Command("c", {
        create: `echo create ${trigger} >> ${log}; echo made by ${trigger}`,
        delete: `echo delete, $PULUMI_COMMAND_STDOUT, $WHO >> ${log}`,
        environment: { WHO: trigger },
        triggers: [{ machine: trigger }],
      });
    };
    await stack.up(program("one"));
    assert.deepEqual((await stack.up(program("two"))).changes, { same: 1, replace: 1 });
    await stack.destroy();
    const ran = ["create one", "create two", "delete, made by one, one", "delete, made by two, two", ""];
    assert.equal(readFileSync(log, "utf8"), ran.join("\n"));
  }));

test("secrets are encrypted in the state; output is plain unless it is an additional secret output", () =>
  withStack(async (stack) => {
    const { outputs } = await stack.up(async () => {
      const stdin = pulumi.secret("hush-stdin");
      const environment = { TOKEN: pulumi.secret("hush-environment") };
      const plain = new local.Command("plain", { create: 'wc -c; test -n "$TOKEN"', stdin, environment });
      const additionalSecretOutputs = ["stdout"];
      const hidden = new local.Command("hidden", { create: "cat", stdin, logging: "none" }, { additionalSecretOutputs });
      return { plain: plain.stdout, hidden: hidden.stdout };
    });
    assert.deepEqual(outputs["plain"], { value: "10", secret: false });
    assert.deepEqual(outputs["hidden"], { value: "hush-stdin", secret: true });
    assert.doesNotMatch(stack.state(), /hush/);
    const { inputs, outputs: kept } = stack.resource("plain");
    for (const part of [inputs.stdin, kept.stdin, kept.environment.TOKEN]) assert.ok(part.ciphertext, JSON.stringify(part));
    assert.equal(kept.stdout, "10");
  }));

test("a failed command says its exit status, its text and its output, and leaves nothing in the state", () =>
  withStack(async (stack) => {
    const output = await stack.failure(async () => {
      new local.Command("c", { create: "echo some output; echo and more >&2; exit 3" });
    });
    assert.match(output, /exit status 3: running "echo some output; echo and more >&2; exit 3":\s+some output\s+and more/);
    assert.equal(stack.resource("c"), undefined);
    const missing = await stack.failure(async () => void new local.Command("c", { create: "x", dir: "/does/not/exist" }));
    assert.match(missing, /ENOENT/);
  }));

test("lines arrive while the command is still running, of the streams that logging chooses", () =>
  withStack(async (stack) => {
    const seen = join(stack.folder, "seen");
    const create = `echo first; echo quiet >&2; until test -e ${seen}; do sleep 0.05; done; echo last`;
    const program = async () => void new local.Command("c", { create, logging: "stdout" });
    const { log } = await stack.up(program, { onLine: (line) => line === "first" && writeFileSync(seen, "") });
    assert.deepEqual(log, ["first", "last"]);
  }));

test("files that the globs choose come back as assets and as an archive, and unchanged after a second run", () =>
  withStack(async (stack) => {
    const dir = join(stack.folder, "files");
    mkdirSync(dir);
    const program = async () => {
      const create = "mkdir -p sub; echo a > a.txt; echo b > sub/b.txt; echo c > sub/secret.txt";
      const command = new local.Command("c", { create, dir, assetPaths: ["**.txt", "!**secret*"], archivePaths: ["sub/**"] });
      return { assets: command.assets.apply((assets) => Object.keys(assets ?? {})), archive: command.archive };
    };
    const { outputs } = await stack.up(program);
    assert.deepEqual(outputs["assets"]?.value, ["a.txt", "sub/b.txt"]);
    const { assets, archive } = stack.resource("c").outputs;
    assert.equal(assets["a.txt"].path, join(dir, "a.txt"));
    assert.equal(assets["a.txt"].hash, "87428fc522803d31065e7bce3cf03fe475096631e5e07bbd7a0fde60c4cf25c7");
    assert.deepEqual(Object.keys(archive.assets), ["sub/b.txt", "sub/secret.txt"]);
    assert.deepEqual((await stack.up(program)).changes, { same: 2 });
  }));

test("a preview runs nothing and knows that outputs are unknown", () =>
  withStack(async (stack) => {
    const program = async () => {
      const first = new local.Command("first", { create: `touch ${stack.folder}/ran` });
      const environment = { FROM: first.stdout };
      const second = new local.Command("second", { create: first.stdout.apply((text) => `echo ${text}`), environment });
      return { second: second.stdout };
    };
    assert.deepEqual(await stack.preview(program), { create: 3 });
    assert.ok(!existsSync(join(stack.folder, "ran")));
    await stack.up(program);
    assert.deepEqual(await stack.preview(program), { same: 3 });
  }));

test("inputs that don't fit the schema are refused by name, before anything runs", () =>
  withStack(async (stack) => {
    const output = await stack.failure(async () => {
      new local.Command("c", { create: `touch ${stack.folder}/ran`, logging: "loud" as never, environment: { A: 1 as never } });
    });
    assert.match(output, /'logging' should be one of stdout, stderr, stdoutAndStderr, none/);
    assert.match(output, /'environment' should be an object whose values are strings/);
    assert.ok(!existsSync(join(stack.folder, "ran")));
  }));

test("local.run runs on every preview and update, and its secret input stays secret", () =>
  withStack(async (stack) => {
    const program = async () => {
      const ran = local.runOutput({ command: `echo x >> ${stack.folder}/ran; cat`, stdin: pulumi.secret("hush"), dir: stack.folder });
      const out = (await local.run({ command: "echo now", environment: { A: "b" } })).stdout;
      return { out, ran: ran.stdout };
    };
    await stack.preview(program);
    const { outputs } = await stack.up(program);
    assert.equal(outputs["out"]?.value, "now");
    assert.equal(outputs["ran"]?.value, "hush");
    assert.ok(readFileSync(join(stack.folder, "ran"), "utf8").startsWith("x\nx\n"));
    assert.doesNotMatch(stack.state(), /hush/);
  }));

test("a time-out ends the command and all it has started", () =>
  withStack(async (stack) => {
    const pidFile = join(stack.folder, "pid");
    const create = `sleep 300 & echo $! > ${pidFile}; wait`;
    const output = await stack.failure(async () => {
      new local.Command("c", { create }, { customTimeouts: { create: "1s" } });
    });
    assert.match(output, /timed out after 1 s/);
    const pid = Number(readFileSync(pidFile, "utf8"));
    await until("the command's child to end", () => !isAlive(pid)).finally(() => endLeftover(pid));
  }));

test("Ctrl-C ends the command and all it has started", () =>
  withStack(async (stack) => {
    const stop = new AbortController();
    let pid = 0;
    const onLine = (line: string) => {
      pid = Number(line);
      stop.abort();
    };
    const program = async () => void new local.Command("c", { create: "sleep 300 & echo $!; wait" });
    const output = await stack.failure(program, { onLine, signal: stop.signal });
    assert.ok(pid > 0, output);
    await until("the command's child to end", () => !isAlive(pid)).finally(() => endLeftover(pid));
  }));
