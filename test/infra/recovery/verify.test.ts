import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { MachineStatus } from "../../../infra/cli/table.ts";
import { askFromOutside, verificationProblems } from "../../../infra/recovery/verify.ts";
import { machineStatus } from "../../support/samples.ts";

const WANTED = "a".repeat(64);
const machine = (about: Partial<MachineStatus> = {}): MachineStatus =>
  machineStatus({ url: "https://127.0.0.1", workers: { wanted: 2, ready: 2, pids: [2, 3] }, release: WANTED, ...about });

type Outcome = { status: number } | { error: string };

function problems(about: Partial<MachineStatus>, outcome: Outcome = { status: 200 }, accept: "success" | "alive" = "success") {
  const fleet = { fleet: "web", release: WANTED, machines: [machine(about)] };
  const answers = [{ machine: "web-1", url: "https://127.0.0.1", outcome }];
  return verificationProblems({ fleet, pin: { release: { id: WANTED, archives: {}, packages: {} } }, answers, accept });
}

test("a fleet is verified by its release, its workers, its health and an answer from outside", () => {
  assert.deepEqual(problems({}), []);
  assert.match(problems({ release: "b".repeat(64) })[0] ?? "", /runs release bbbbbbbbbbbb, not aaaaaaaaaaaa/);
  assert.match(problems({ workers: { wanted: 2, ready: 1, pids: [2] } })[0] ?? "", /1 of 2 workers/);
  assert.match(problems({ workers: { wanted: 0, ready: 0, pids: [] } })[0] ?? "", /0 of 0 workers/);
  assert.match(problems({ health: "down: no answer" })[0] ?? "", /down/);
  assert.match(problems({}, { status: 503 })[0] ?? "", /answered 503/);
  assert.match(problems({}, { status: 404 })[0] ?? "", /answered 404/);
  assert.deepEqual(problems({}, { status: 404 }, "alive"), []);
  assert.match(problems({}, { error: "unable to verify" })[0] ?? "", /unable to verify/);
});

describe("from outside", () => {
  const folder = mkdtempSync(join(tmpdir(), "fleetwright-outside-"));
  const names = "subjectAltName=IP:127.0.0.1,DNS:shop.example.org";
  execFileSync("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=test"],
    ...["-addext", names, "-keyout", join(folder, "key.pem"), "-out", join(folder, "cert.pem")],
  ]);
  const pem = readFileSync(join(folder, "cert.pem"), "utf8");
  const server = createServer({ key: readFileSync(join(folder, "key.pem")), cert: pem }, (request, response) => {
    response.statusCode = request.headers.host?.startsWith("shop.") === true ? 204 : 200;
    response.end();
  });
  let port = 0;
  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    port = (server.address() as AddressInfo).port;
  });
  after(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });

  const ask = (url: string, caPem: string) => askFromOutside({ name: "web-1", address: "127.0.0.1", url }, "/", caPem);

  test("a machine is asked by its name at its address, whatever DNS says, with the certificate verified", async () => {
    assert.deepEqual((await ask(`https://127.0.0.1:${port}`, pem)).outcome, { status: 200 });
    assert.deepEqual((await ask(`https://shop.example.org:${port}`, pem)).outcome, { status: 204 });
  });

  test("a certificate that isn't trusted, or is of another name, is no answer", async () => {
    assert.match(JSON.stringify((await ask(`https://127.0.0.1:${port}`, "")).outcome), /self-signed/);
    assert.match(JSON.stringify((await ask(`https://other.example.org:${port}`, pem)).outcome), /altnames/);
  });
});
