import assert from "node:assert/strict";
import { homedir } from "node:os";
import { test } from "node:test";
import type { SshTransport } from "../../../../infra/machines/machine.ts";
import { knownHosts, sshArguments } from "../../../../infra/rollout/transports/ssh-arguments.ts";
import { sshProblem } from "../../../../infra/rollout/transports/ssh-failure.ts";
import { shellQuote } from "../../../../infra/shell.ts";

const transport: SshTransport = { kind: "ssh", host: "192.0.2.1", port: 22, user: "root", hostKey: "ssh-ed25519 AAAA comment" };
const files = { knownHosts: "/t/known_hosts", control: undefined, keys: { machine: undefined, bastion: undefined } };

test("the pinned key is all that ssh trusts, and nothing is asked", () => {
  const args = sshArguments(transport, files, 10_000);
  for (const setting of [
    "StrictHostKeyChecking=yes",
    'UserKnownHostsFile="/t/known_hosts"',
    "GlobalKnownHostsFile=/dev/null",
    "BatchMode=yes",
    "HostKeyAlgorithms=ssh-ed25519",
    "ConnectTimeout=10",
  ]) {
    assert.ok(args.includes(setting), setting);
  }
  assert.deepEqual(args.slice(0, 2), ["-F", "none"]);
  assert.deepEqual(args.slice(-5), ["-l", "root", "-p", "22", "192.0.2.1"]);
});

test("known hosts name the port when it isn't 22, and the bastion", () => {
  const { kind: _kind, ...login } = transport;
  assert.equal(
    knownHosts({ ...transport, port: 2222, bastion: { ...login, host: "198.51.100.7", hostKey: "ssh-rsa BBBB" } }),
    "[192.0.2.1]:2222 ssh-ed25519 AAAA\n198.51.100.7 ssh-rsa BBBB\n",
  );
});

test("an RSA host key is asked for by its SHA-2 signatures", () => {
  assert.ok(sshArguments({ ...transport, hostKey: "ssh-rsa BBBB" }, files, 1).includes("HostKeyAlgorithms=rsa-sha2-512,rsa-sha2-256"));
});

test("a key file of one's home is used alone; without one the agent's keys are", () => {
  const args = sshArguments({ ...transport, privateKeyFile: "~/.ssh/id" }, files, 1);
  assert.ok(args.includes(`IdentityFile="${homedir()}/.ssh/id"`) && args.includes("IdentitiesOnly=yes"));
  assert.ok(!sshArguments(transport, files, 1).some((arg) => arg.startsWith("Identit")));
});

test("a tunnel is a ProxyCommand of the AWS command line, and the machine's key is pinned all the same", () => {
  const tunnel = { instanceId: "i-0123456789abcdef0", region: "eu-central-1", profile: "50% shop" };
  const args = sshArguments({ ...transport, host: "10.80.0.10", port: 2222, tunnel }, files, 1);
  const words = "aws ec2-instance-connect open-tunnel --instance-id i-0123456789abcdef0 --remote-port 2222 --region eu-central-1";
  assert.ok(args.includes(`ProxyCommand=${words} --profile '50%% shop'`), args.join("\n"));
  assert.ok(args.includes("StrictHostKeyChecking=yes"));
});

test("a bastion is a ProxyCommand with its own login and the same pinned keys", () => {
  const { kind: _kind, ...login } = transport;
  const args = sshArguments(
    { ...transport, bastion: { ...login, host: "198.51.100.7", user: "jump", port: 2200, privateKeyFile: "/k%h" } },
    files,
    1,
  );
  const proxy = args.find((arg) => arg.startsWith("ProxyCommand=")) ?? "";
  assert.match(proxy, /-l jump -p 2200 -W '\[192\.0\.2\.1\]:22' 198\.51\.100\.7$/);
  assert.match(proxy, /UserKnownHostsFile="\/t\/known_hosts"/);
  assert.match(proxy, /IdentityFile="\/k%%%%h"/);
});

test("shell words survive quotes, dollars and spaces", () => {
  assert.equal(shellQuote("plain-word_1.txt"), "plain-word_1.txt");
  assert.equal(shellQuote("it's $HOME"), `'it'\\''s $HOME'`);
});

const failures: [string, ReturnType<typeof sshProblem>][] = [
  ["ssh: connect to host 192.0.2.1 port 22: Connection timed out", "unreachable"],
  ["ssh: connect to host 192.0.2.1 port 22: Connection refused", "unreachable"],
  ["ssh: connect to host 192.0.2.1 port 22: No route to host", "unreachable"],
  ["ssh: Could not resolve hostname nowhere: Name or service not known", "unreachable"],
  ["@@@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @@@\nHost key verification failed.", "host-key"],
  ["No ED25519 host key is known for 192.0.2.1 and you have requested strict checking.\nHost key verification failed.", "host-key"],
  ["root@192.0.2.1: Permission denied (publickey).", "login"],
  ["client_loop: send disconnect: Broken pipe", "ended"],
];
for (const [text, problem] of failures) {
  test(`ssh's "${text.split("\n").at(-1)}" means ${problem}`, () => assert.equal(sshProblem(text), problem));
}
