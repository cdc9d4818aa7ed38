/** SSH through what the AWS command line opens: a real OpenSSH on both ends, and a stand-in for `aws` that connects to a port. */
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { sshConnection } from "../../../../infra/rollout/transports/ssh.ts";
import { type SshServer, startSshServer } from "../../offline/ssh-server.ts";

const CONNECT_TIMEOUT_MS = 60_000;

describe("SSH through an EC2 Instance Connect Endpoint", () => {
  const folder = mkdtempSync(join(tmpdir(), "fleetwright-tunnel-"));
  const log = join(folder, "log");
  const path = process.env.PATH;
  let server: SshServer;

  before(async () => {
    server = await startSshServer();
    process.env.PATH = [folder, path].join(delimiter);
  });
  after(async () => {
    process.env.PATH = path;
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  function standIn(script: string): void {
    writeFileSync(join(folder, "aws"), script);
    chmodSync(join(folder, "aws"), 0o755);
  }

  const connection = (hostKey = server.hostKey) =>
    sshConnection(
      {
        kind: "ssh",
        host: "10.80.0.10",
        port: 22,
        user: server.user,
        hostKey,
        privateKeyFile: server.privateKeyFile,
        tunnel: { instanceId: "i-0123456789abcdef0", region: "eu-central-1" },
      },
      CONNECT_TIMEOUT_MS,
    );

  const connects = () => `#!${process.execPath}
require("node:fs").writeFileSync(${JSON.stringify(log)}, process.argv.slice(2).join(" "));
const socket = require("node:net").connect(${server.port}, "127.0.0.1");
process.stdin.pipe(socket).pipe(process.stdout);
`;

  test("a command runs, with its input, on the instance that the tunnel is opened to", async () => {
    standIn(connects());
    const way = connection();
    const result = await way.run("cat; echo there", { stdin: "input " });
    await way.close();
    assert.deepEqual([result.code, result.stdout], [0, "input there\n"]);
    assert.match(
      readFileSync(log, "utf8"),
      /^ec2-instance-connect open-tunnel --instance-id i-0123456789abcdef0 --remote-port 22 --region eu-central-1$/,
    );
  });

  test("another machine at the tunnel's end is refused by its host key", async () => {
    standIn(connects());
    const way = connection("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPUUmXRkXMRmYRHEkbkRwmDFpsP9bBLLqUAWPlBdyXm");
    await assert.rejects(way.run("true"), { problem: "host-key" });
    await way.close();
  });

  test("a tunnel that isn't opened is a machine that can't be reached, and it is told what will say why", async () => {
    standIn("#!/bin/sh\necho 'An error occurred (AccessDenied) when calling OpenTunnel: not you' >&2; exit 254\n");
    const way = connection();
    const why = /why, is said by: aws ec2-instance-connect open-tunnel --instance-id i-0123456789abcdef0 /;
    await assert.rejects(way.run("true"), { problem: "unreachable", message: why });
    await way.close();
  });
});
