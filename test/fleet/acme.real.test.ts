/** Certificates from a real issuer, Debian's pebble, with random errors on: issued, renewed, failing, and kept over a rebuild. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "node:tls";
import { after, before, describe, test } from "node:test";
import { Hosts, type Login } from "../support/hosts.ts";
import { Pebble } from "../support/pebble.ts";
import { until } from "../support/poll.ts";
import { evidence, Project, type Run } from "../support/project.ts";
import { UserStack } from "../support/stack.ts";

const APP = "export default (request, response) => response.end(String(process.pid));\n";
const NAMES = ["web-1", "web-2"];
const LIFETIME_S = 3_600;
/** An issuer that answers every fourth request with an error takes some seconds; a slow computer more. */
const ISSUE_MS = 90_000;

describe("certificates from an issuer", () => {
  const hosts = new Hosts("acme");
  const project = new Project();
  const backups = join(project.folder, "backups");
  let logins: Record<string, Login>;
  let pebble: Pebble;
  let stack: UserStack;

  before(async () => {
    const [web1, web2] = await Promise.all([hosts.make("web-1", "bookworm"), hosts.make("web-2")]);
    logins = { "web-1": web1, "web-2": web2 };
    const address = web1.address.replace(/\d+$/, "1");
    pebble = await Pebble.start({ folder: join(project.folder, "pebble"), address, lifetimeS: LIFETIME_S });
    for (const name of NAMES) await pointNames(name, logins[name]?.address ?? "");
    mkdirSync(join(project.folder, "app"));
    writeFileSync(join(project.folder, "app/package.json"), JSON.stringify({ name: "app", type: "module", main: "server.js" }));
    writeFileSync(join(project.folder, "app/server.js"), APP);
    stack = await UserStack.init(project, "prod");
  });
  after(async () => {
    pebble?.close();
    await Promise.allSettled([project.remove()]);
    hosts.close();
  });

  async function pointNames(machine: string, address: string): Promise<void> {
    for (const name of [domain(machine), `www.${domain(machine)}`]) await pebble.resolve(name, address);
  }

  function configure(acme: object = {}): void {
    stack.configure({
      name: "shop",
      app: { dir: "app" },
      machines: { provider: "hosts", hosts: NAMES.map((name) => ({ name, ...logins[name] })) },
      rollout: { batch: 2 },
      https: {
        mode: "acme",
        domains: ["{machine}.example.org"],
        redirects: ["www.{machine}.example.org"],
        hsts: {},
        acme: { email: "ops@example.org", directory: pebble.directory, caRoot: pebble.caRoot, ...acme },
      },
    });
  }

  async function up(...args: string[]): Promise<Run> {
    const run = await stack.pulumi(["up", "--yes", "--skip-preview", ...args], { env: { FLEETWRIGHT_ACME_BACKUP: backups } });
    assert.equal(run.code, 0, evidence(run));
    return run;
  }

  const serving = (machine: string, name = domain(machine)): Promise<X509Certificate> => handshake(logins[machine]?.address ?? "", name, pebble.root);

  async function pids(): Promise<(number | null)[]> {
    return (await stack.status()).machines.map(({ supervisorPid }) => supervisorPid);
  }

  const caddyPid = (machine: string): Promise<string> => hosts.sh(machine, "systemctl show -P MainPID fleetwright-caddy");

  test("each machine gets certificates for its own names, by one account, through random errors", async () => {
    configure();
    await up();
    for (const name of NAMES) await until(`${name} serves`, async () => (await serving(name, `www.${domain(name)}`)) !== undefined, ISSUE_MS);
    for (const name of NAMES) assert.equal((await serving(name)).checkHost(domain(name)), domain(name));
    assert.equal(pebble.accounts, 1, pebble.log.slice(-4_000));
    assert.ok(pebble.refusedNonces > 0, "the issuer made its errors");
    const status = await stack.fleet(["status"]);
    assert.equal(status.code, 0, evidence(status));
    assert.match(status.stdout, /Pebble Intermediate CA \w+, 0 h/);
    const check = await stack.fleet(["status", "--check"]);
    assert.equal(check.code, 0, evidence(check));
  });
});

const domain = (machine: string): string => `${machine}.example.org`;

/** What a client gets that trusts the issuer's root alone. */
function handshake(host: string, servername: string, ca: string): Promise<X509Certificate> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: 443, servername, ca, timeout: 5_000 });
    socket.on("secureConnect", () => {
      const certificate = socket.getPeerX509Certificate();
      socket.destroy();
      if (certificate === undefined) reject(new Error("no certificate"));
      else resolve(certificate);
    });
    socket.on("timeout", () => socket.destroy(new Error("timed out")));
    socket.on("error", reject);
  });
}
