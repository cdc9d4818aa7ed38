import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { remote } from "@pulumi/command";
import pulumi from "@pulumi/pulumi";
import ssh2 from "ssh2";
import type { Context } from "../../../../infra/offline/command-provider/context.ts";
import type { Connection } from "../../../../infra/offline/command-provider/dial.ts";
import { type RemoteInputs, runRemotely } from "../../../../infra/offline/command-provider/remote.ts";
import { withStack } from "../engine.ts";
import { freePort, type SshServer, startSshServer } from "../ssh-server.ts";

let server: SshServer;
let bastion: SshServer;

before(async () => {
  delete process.env["SSH_AUTH_SOCK"];
  server = await startSshServer();
  bastion = await startSshServer();
});
after(async () => {
  await server?.stop();
  await bastion?.stop();
});

const to = (target: SshServer, more: Partial<Connection> = {}): Connection => ({
  host: "127.0.0.1",
  port: target.port,
  user: target.user,
  privateKey: target.privateKey,
  hostKey: target.hostKey,
  dialErrorLimit: 0,
  perDialTimeout: 10,
  ...more,
});

/** Runs one command without the engine; `log` gets its lines. */
function run(command: string, inputs: Partial<RemoteInputs>, previous = {}, log: string[] = []) {
  const context: Context = { log: (line) => log.push(line), warn: (line) => log.push(line), signal: new AbortController().signal };
  return runRemotely(command, { connection: to(server), ...inputs }, previous, context);
}

const wholeConnection = () => {
  const { host, port, user, privateKey, hostKey } = to(server);
  return { host, port, user, privateKey: pulumi.secret(privateKey ?? ""), hostKey: hostKey ?? "" };
};

test("through the engine: streams, update, replacement, and a connection that is never in the state in clear", () =>
  withStack(async (stack) => {
    const program =
      (stdin: string, trigger = 1) =>
      async () => {
        const command = new remote.Command("c", {
          connection: wholeConnection(),
          create: "cat; echo oh >&2",
          update: 'echo "was $PULUMI_COMMAND_STDOUT"',
          delete: `echo gone >> ${stack.folder}/deleted`,
          stdin: pulumi.secret(stdin),
          triggers: [trigger],
        });
        return { out: command.stdout, err: command.stderr };
      };
    assert.deepEqual(await stack.preview(program("one")), { create: 2 });
    const created = await stack.up(program("one"));
    assert.deepEqual([created.outputs["out"]?.value, created.outputs["err"]?.value], ["one", "oh"]);
    assert.deepEqual((await stack.up(program("one"))).changes, { same: 2 });
    assert.equal((await stack.up(program("two"))).outputs["out"]?.value, "was one");
    assert.deepEqual((await stack.up(program("two", 2))).changes, { same: 1, replace: 1 });
    assert.equal(readFileSync(join(stack.folder, "deleted"), "utf8"), "gone\n");
    const { inputs, outputs } = stack.resource("c");
    assert.ok(inputs.connection.ciphertext && outputs.connection.ciphertext && outputs.stdin.ciphertext);
    assert.doesNotMatch(stack.state(), /PRIVATE KEY/);
  }));

test("through the engine: the exit status and all output of a failed command are in the error", () =>
  withStack(async (stack) => {
    const output = await stack.failure(async () => {
      new remote.Command("c", { connection: wholeConnection(), create: "echo so far; echo bad >&2; exit 7" });
    });
    assert.match(output, /Process exited with status 7: running "echo so far; echo bad >&2; exit 7":\s+so far\s+bad/);
  }));

test("through the engine: without a delete command a dead machine is not dialled, so it blocks no destroy", () =>
  withStack(async (stack) => {
    const mortal = await startSshServer();
    try {
      const { host, port, user, privateKey = "" } = to(mortal);
      await stack.up(async () => void new remote.Command("c", { connection: { host, port, user, privateKey }, create: "true" }));
    } finally {
      await mortal.stop();
    }
    await stack.destroy();
    assert.equal(stack.resource("c"), undefined);
  }));

test("lines are logged as they come, of the streams that logging chooses", async () => {
  const log: string[] = [];
  await run("echo one; echo two >&2; echo three", { logging: "stdout" }, {}, log);
  assert.deepEqual(log, ["one", "three"]);
});

test("environment that the server accepts reaches the command", async () => {
  const { stdout } = await run("echo $FLEET_A $FLEET_B", { environment: { FLEET_A: "a", FLEET_B: "b" } });
  assert.equal(stdout, "a b");
});

test("environment that the server doesn't accept is named, and the command is not run", async () => {
  const folder = mkdtempSync(join(tmpdir(), "fleetwright-ran-"));
  const ran = join(folder, "ran");
  const running = run(`touch ${ran}`, { environment: { FLEET_A: "a", OTHER: "b" } });
  await assert.rejects(running, /could not set environment variable "OTHER".*AcceptEnv/);
  assert.ok(!existsSync(ran));
  rmSync(folder, { recursive: true });
});

test("previous output that the server doesn't accept is a warning only", async () => {
  const log: string[] = [];
  const { stdout } = await run("echo $PULUMI_COMMAND_STDOUT", {}, { stdout: "before", stderr: "refused" }, log);
  assert.equal(stdout, "before");
  assert.match(log.join("\n"), /PULUMI_COMMAND_STDERR/);
});

test("a locked key opens with its password, and says so without", async () => {
  const privateKey = server.lockedPrivateKey;
  await run("true", { connection: to(server, { privateKey, privateKeyPassword: server.passphrase }) });
  await assert.rejects(run("true", { connection: to(server, { privateKey }) }), /private key for 127\.0\.0\.1 can't be read/);
});

test("an SSH agent logs in, by the property or by SSH_AUTH_SOCK; one that isn't there is named", async () => {
  const folder = mkdtempSync(join(tmpdir(), "fleetwright-agent-"));
  const agentSocketPath = join(folder, "agent");
  const agent = execFileSync("ssh-agent", ["-a", agentSocketPath], { encoding: "utf8" });
  try {
    execFileSync("ssh-add", ["-q", server.privateKeyFile], { env: { ...process.env, SSH_AUTH_SOCK: agentSocketPath } });
    const { privateKey: _, ...connection } = to(server);
    await run("true", { connection: { ...connection, agentSocketPath } });
    process.env["SSH_AUTH_SOCK"] = agentSocketPath;
    await run("true", { connection });
  } finally {
    delete process.env["SSH_AUTH_SOCK"];
    process.kill(Number(/SSH_AGENT_PID=(\d+)/.exec(agent)?.[1]));
    rmSync(folder, { recursive: true });
  }
  await assert.rejects(run("true", { connection: to(server, { agentSocketPath }) }), /SSH agent at .*agent: /);
});

test("another host key than the pinned one is refused, and shown", async () => {
  const connection = to(server, { hostKey: bastion.hostKey });
  await assert.rejects(run("true", { connection }), /host key mismatch: it presented 'ssh-ed25519 AAAA/);
});

test("a refused login is told after as many attempts as dialErrorLimit allows, each logged", async () => {
  const log: string[] = [];
  const connection = to(server, { privateKey: bastion.privateKey, dialErrorLimit: 2 });
  await assert.rejects(run("true", { connection }, {}, log), /after 2 failed attempts: dial 127\.0\.0\.1:\d+: All configured/);
  assert.deepEqual(log, ["Dial 1/2 failed: retrying", "Dial 2/2 failed: retrying"]);
});

test("a machine that comes up later is waited for", async () => {
  const port = await freePort();
  const running = run("true", { connection: to(server, { port, dialErrorLimit: -1 }) }, {}, []);
  const proxy = createServer((socket) => {
    const forward = connect(server.port, "127.0.0.1");
    socket.pipe(forward).pipe(socket);
  });
  const timer = setTimeout(() => proxy.listen(port, "127.0.0.1"), 300);
  try {
    await running;
  } finally {
    clearTimeout(timer);
    proxy.close();
  }
});

test("a server that accepts and then says nothing is given up after perDialTimeout", async () => {
  const silent = createServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  try {
    const { port } = silent.address() as { port: number };
    await assert.rejects(run("true", { connection: to(server, { port, perDialTimeout: 1 }) }), /dial .*Timed out/);
  } finally {
    silent.close();
  }
});

test("a bastion is gone through, with its own login and host key; its failures say so", async () => {
  const { stdout } = await run("echo over; cat", { stdin: "the bridge", connection: to(server, { proxy: to(bastion) }) });
  assert.equal(stdout, "over\nthe bridge");
  assert.match(bastion.log(), /Accepted publickey/);
  const wrong = to(server, { proxy: to(bastion, { hostKey: server.hostKey }) });
  await assert.rejects(run("true", { connection: wrong }), /^Error: proxy: after 0 failed attempts: .*host key mismatch/);
  const dead = to(server, { port: await freePort(), proxy: to(bastion) });
  await assert.rejects(run("true", { connection: dead }), /proxy: after 0 failed attempts: dial .*Connection refused/);
});

test("a password logs in, plain or asked for", async () => {
  for (const method of ["password", "keyboard-interactive"]) {
    const asking = await passwordServer(method, "pass word");
    try {
      const { privateKey: _, hostKey: __, ...connection } = to(server, { port: asking.port, password: "pass word" });
      assert.equal((await run("any", { connection })).stdout, "hello");
      await assert.rejects(run("any", { connection: { ...connection, password: "wrong" } }), /All configured authentication/);
    } finally {
      asking.close();
    }
  }
});

test("cancelling ends a running command's connection at once, and dialling too", async () => {
  const connections = [to(server), to(server, { port: await freePort(), dialErrorLimit: -1 })];
  for (const connection of connections) {
    const stop = new AbortController();
    const context: Context = { log: () => {}, warn: () => {}, signal: stop.signal };
    const running = runRemotely("sleep 60", { connection }, {}, context);
    setTimeout(() => stop.abort(new Error("cancelled")), 500);
    await assert.rejects(running, /cancelled/);
  }
});

/** Debian's sshd takes passwords only of real users; this takes one of anybody. */
async function passwordServer(method: string, password: string): Promise<{ port: number; close(): void }> {
  const hostKey = ssh2.utils.generateKeyPairSync("ed25519").private;
  const made = new ssh2.Server({ hostKeys: [hostKey] }, (client) => {
    client.on("error", () => {});
    client.on("authentication", (context) => {
      if (context.method !== method) return context.reject([method as never]);
      const judge = (given: string | undefined) => (given === password ? context.accept() : context.reject());
      if (context.method === "password") judge(context.password);
      if (context.method === "keyboard-interactive") context.prompt("Password:", ([answer]) => judge(answer));
    });
    client.on("session", (accept) =>
      accept().on("exec", (acceptExec) => {
        const channel = acceptExec();
        channel.write("hello");
        channel.exit(0);
        channel.end();
      }),
    );
  });
  await new Promise<void>((resolve) => made.listen(0, "127.0.0.1", resolve));
  return { port: (made.address() as { port: number }).port, close: () => made.close() };
}
