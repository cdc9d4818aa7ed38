/** Certificates from a real issuer, Debian's pebble, with random errors on: issued, renewed, failing, and kept over a rebuild. */
import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import https from "node:https";
import { X509Certificate } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "node:tls";
import { after, before, describe, test } from "node:test";
import { Hosts, type Login } from "../support/hosts.ts";
import { writeNodeApp } from "../support/node-app.ts";
import { Pebble } from "../support/pebble.ts";
import { until } from "../support/poll.ts";
import { evidence, Project, type Run } from "../support/project.ts";
import { UserStack } from "../support/stack.ts";

const APP = "export default (request, response) => response.end(String(process.pid));\n";
const NAMES = ["web-1", "web-2"];
const LIFETIME_S = 3_600;
/** An issuer that answers every fourth request with an error takes some seconds; a slow computer more. */
const ISSUE_MS = 180_000;

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
    writeNodeApp(join(project.folder, "app"), APP);
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

  async function configure(acme: object = {}, more: Record<string, string[]> = {}): Promise<void> {
    stack.configure({
      name: "shop",
      app: { dir: "app" },
      machines: { provider: "hosts", hosts: NAMES.map((name) => ({ name, ...logins[name], domains: more[name] ?? [] })) },
      rollout: { batch: 2 },
      https: {
        mode: "acme",
        domains: ["{machine}.example.org"],
        redirects: ["www.{machine}.example.org"],
        hsts: {},
        acme: { email: "ops@example.org", directory: pebble.directory, caRoot: pebble.caRoot, eab: { keyId: pebble.eab.keyId }, ...acme },
      },
    });
    const path = "fleetwright:fleet.https.acme.eab.hmacKey";
    const run = await stack.pulumi(["config", "set", "--secret", "--path", path, pebble.eab.hmacKey]);
    assert.equal(run.code, 0, evidence(run));
  }

  async function up(...args: string[]): Promise<Run> {
    const run = await stack.pulumi(["up", "--yes", "--skip-preview", ...args], { env: { FLEETWRIGHT_ACME_BACKUP: backups } });
    assert.equal(run.code, 0, evidence(run));
    return run;
  }

  const serving = (machine: string, name = domain(machine)): Promise<X509Certificate> =>
    handshake(logins[machine]?.address ?? "", name, pebble.root);

  async function serials(): Promise<string[]> {
    const all = NAMES.flatMap((machine) => [domain(machine), `www.${domain(machine)}`].map((name) => serving(machine, name)));
    return (await Promise.all(all)).map(({ serialNumber }) => serialNumber);
  }

  async function pids(): Promise<(number | null)[]> {
    return (await stack.status()).machines.map(({ supervisorPid }) => supervisorPid);
  }

  const caddyPid = (machine: string): Promise<string> => hosts.sh(machine, "systemctl show -P MainPID fleetwright-caddy");

  /** Caddy looks every ten minutes, and when it starts. */
  const lookForDue = (machine: string): Promise<string> => hosts.sh(machine, "systemctl restart fleetwright-caddy");

  test("each machine gets certificates for its own names, by one account, through random errors", async () => {
    await configure();
    await up();
    for (const name of NAMES)
      await until(`${name} serves`, async () => (await serving(name, `www.${domain(name)}`)) !== undefined, ISSUE_MS);
    for (const name of NAMES) assert.equal((await serving(name)).checkHost(domain(name)), domain(name));
    assert.equal(pebble.accounts, 1, pebble.log.slice(-4_000));
    assert.match(pebble.log, /Configured to reject 25% of good nonces/);
    const status = await stack.fleet(["status"]);
    assert.equal(status.code, 0, evidence(status));
    assert.match(status.stdout, /Pebble Intermediate CA \w+, 0 h/);
    const check = await stack.fleet(["status", "--check"]);
    assert.equal(check.code, 0, evidence(check));
  });

  test("plain HTTP leads to HTTPS, www to the name without, and browsers are told to stay", async () => {
    const { address } = logins["web-1"] ?? { address: "" };
    const name = domain("web-1");
    const first = await ask({ address, name, port: 80, path: "/a?b=c" });
    assert.deepEqual([first.status, first.headers.location], [308, `https://${name}/a?b=c`]);
    const second = await ask({ address, name: `www.${name}`, port: 443, path: "/a?b=c", ca: pebble.root });
    assert.deepEqual([second.status, second.headers.location], [308, `https://${name}/a?b=c`]);
    const last = await ask({ address, name, port: 443, path: "/a", ca: pebble.root });
    assert.deepEqual([last.status, last.headers["strict-transport-security"]], [200, "max-age=31536000"]);
  });

  test("the next run changes nothing; what the machines have is kept, sealed", async () => {
    await up("--expect-no-changes");
    const files = readdirSync(backups, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".json"));
    assert.deepEqual(files.map((file) => file.split("/").at(-1)).sort(), ["web-1.json", "web-2.json"]);
    const keys = await Promise.all(
      NAMES.map((name) => hosts.sh(name, "cd /var/lib/fleetwright-caddy; cat acme/*/users/*/*.key certificates/*/*/*.key")),
    );
    const secrets = keys.flatMap((text) => text.split("\n").filter((line) => /^[A-Za-z0-9+/=]{60,}$/.test(line)));
    assert.ok(secrets.length >= 5);
    secrets.push(pebble.eab.hmacKey);
    const exported = await stack.pulumi(["stack", "export"]);
    const state = readdirSync(join(project.folder, ".state"), { recursive: true, encoding: "utf8", withFileTypes: true });
    const texts = [
      exported.stdout,
      ...state.filter((entry) => entry.isFile()).map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8")),
      ...files.map((file) => readFileSync(join(backups, file), "utf8")),
      ...(await Promise.all(
        NAMES.map((name) =>
          hosts.sh(
            name,
            "journalctl --all -o export; cat /etc/fleetwright/caddy.json; find /run /tmp /srv -type f -size -1M | xargs cat 2>/dev/null",
          ),
        ),
      )),
    ];
    for (const secret of secrets)
      assert.deepEqual(
        texts.flatMap((text, index) => (text.includes(secret) ? [index] : [])),
        [],
        "a key in plain text",
      );
  });

  test("another setting of HTTPS reloads Caddy, and the app's processes stay; what is due is renewed", async () => {
    const before = await pids();
    const caddies = await Promise.all(NAMES.map(caddyPid));
    const old = await serials();
    await configure({ renewAtPart: 0.9999 });
    const preview = await stack.pulumi(["preview"]);
    assert.match(preview.stdout, /web-1: HTTPS: Caddy reloads; no process of the app restarts/, evidence(preview));
    await up();
    assert.deepEqual(await pids(), before);
    assert.deepEqual(await Promise.all(NAMES.map(caddyPid)), caddies);
    await Promise.all(NAMES.map(lookForDue));
    await until("all are renewed", async () => (await serials()).every((serial) => !old.includes(serial)), ISSUE_MS);
    assert.equal(pebble.accounts, 1);
    assert.deepEqual(await pids(), before);
  });

  test("a renewal that fails keeps the certificate serving, blocks no rollout, and is told in the issuer's words", async () => {
    // Nobody listens there.
    await pointNames("web-2", "127.0.0.9");
    await configure({ renewAtPart: 0.999 }, { "web-2": ["later.example.org"] });
    const run = await up();
    assert.match(run.stdout + run.stderr, /web-2 +certificate +later\.example\.org: none yet[;:] .*Caddy goes on trying/);
    // Not before: an order may have been under way.
    const old = await serving("web-2");
    await lookForDue("web-2");
    const failing = async (): Promise<boolean> => {
      const { machines } = await stack.status();
      const failed = machines[1]?.certificates.flatMap(({ name, error }) => (error === null ? [] : [name])) ?? [];
      return failed.includes(domain("web-2")) && failed.includes("later.example.org");
    };
    await until("web-2 tells of it", failing, ISSUE_MS);
    assert.equal((await serving("web-2")).serialNumber, old.serialNumber);
    const status = await stack.fleet(["status", "--check"]);
    assert.equal(status.code, 1, evidence(status));
    assert.match(
      status.stdout,
      /web-2: the certificate for \S+ could not be renewed at .*, and goes on serving: .*urn:ietf:params:acme/,
      evidence(status),
    );
    assert.match(status.stdout, /web-2 .*1 of 3 pending.*healthy/);
    assert.match(status.stdout, /web-2: no certificate for later\.example\.org yet: .*urn:ietf:params:acme/);
    assert.match(status.stderr, /web-2: the last renewal for web-2\.example\.org failed/);
  });

  test("a machine that is rebuilt has its certificates back, and the issuer isn't asked", async () => {
    await pointNames("web-2", logins["web-2"]?.address ?? "");
    await configure();
    await up();
    const [old, issued, orders] = [await serving("web-2"), pebble.issued, orderCount()];
    logins["web-2"] = await hosts.rebuild("web-2");
    await configure();
    const run = await up();
    assert.match(run.stdout + run.stderr, /certificate +put back for web-2\.example\.org, www\.web-2\.example\.org/);
    assert.equal((await serving("web-2")).serialNumber, old.serialNumber);
    assert.deepEqual([pebble.issued, orderCount(), pebble.accounts], [issued, orders, 1]);
    await up("--expect-no-changes");
  });

  const orderCount = (): number => pebble.log.match(/order-plz -> calling/g)?.length ?? 0;
});

const domain = (machine: string): string => `${machine}.example.org`;

interface Question {
  address: string;
  name: string;
  port: number;
  path: string;
  ca?: string;
}

/** As a client does whose DNS has the name. */
async function ask({ address, name, port, path, ca }: Question): Promise<{ status: number | undefined; headers: Record<string, unknown> }> {
  const options = { host: address, port, path, headers: { host: name }, agent: false };
  const asked = ca === undefined ? http.request(options) : https.request({ ...options, ca, servername: name });
  const [response] = await once(asked.end(), "response");
  response.resume();
  return { status: response.statusCode, headers: response.headers };
}

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
