/** A certificate of the operator's own: served, replaced without a restart, its key for nobody's eyes; scanned as an attacker would. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Authority, type Issued } from "../support/authority.ts";
import { Hosts, type Login } from "../support/hosts.ts";
import { notOfReload, startLoad } from "../support/load.ts";
import { writeNodeApp } from "../support/node-app.ts";
import { evidence, Project, type Run } from "../support/project.ts";
import { scan } from "../support/sslyze.ts";
import { UserStack } from "../support/stack.ts";

const APP = "export default (request, response) => response.end(String(process.pid));\n";
const NAME = "shop.example.org";
const WWW = "www.shop.example.org";

describe("a certificate of one's own", () => {
  const hosts = new Hosts("own");
  const project = new Project();
  const authority = new Authority(join(project.folder, "authority"));
  const rootFile = join(authority.folder, "root.crt");
  const given: Issued[] = [];
  let login: Login;
  let stack: UserStack;

  before(async () => {
    login = await hosts.make("web-1", "bookworm");
    writeNodeApp(join(project.folder, "app"), APP);
    stack = await UserStack.init(project, "prod");
    stack.configure({
      name: "shop",
      app: { dir: "app" },
      machines: { provider: "hosts", hosts: [{ name: "web-1", ...login }] },
      https: { mode: "own", domains: [NAME], redirects: [WWW] },
    });
  });
  after(async () => {
    await Promise.allSettled([project.remove()]);
    hosts.close();
  });

  /** A value on the command line must not begin as an option does; people pipe a file. */
  async function give({ certificate, key }: Issued): Promise<void> {
    for (const [name, value] of Object.entries({ certificate, key })) {
      const path = `fleetwright:fleet.https.own.${name}`;
      const run = await stack.pulumi(["config", "set", "--secret", "--path", path, `\n${value}`]);
      assert.equal(run.code, 0, evidence(run));
    }
  }

  const up = (...args: string[]): Promise<Run> => stack.up(...args);

  async function refused(issued: Issued, reason: RegExp): Promise<void> {
    await give(issued);
    const run = await stack.pulumi(["preview"]);
    assert.notEqual(run.code, 0, evidence(run));
    assert.match(run.stdout + run.stderr, reason);
    for (const line of keyLines(issued.key)) assert.ok(!(run.stdout + run.stderr).includes(line), "the key is in the message");
  }

  function served(): string {
    const shown = execFileSync(
      "openssl",
      ["s_client", "-connect", `${login.address}:443`, "-servername", NAME, "-verify_return_error", "-CAfile", rootFile],
      {
        input: "",
        encoding: "utf8",
        stdio: ["pipe", "pipe", "ignore"],
      },
    );
    return execFileSync("openssl", ["x509", "-noout", "-serial"], { input: shown, encoding: "utf8" }).trim();
  }

  const pidsOf = (): Promise<string> => hosts.sh("web-1", "systemctl show -P MainPID fleetwright-caddy 'shop@*'");

  test("what can't be served is refused before anything is touched, by key path and with the mend", async () => {
    // Every other reason: test/infra/config/https.test.ts.
    await refused(authority.chain(authority.issue([NAME, WWW], -3)), /https\.own\.certificate: expired on \d{4}-\d\d-\d\d/);
    const { certificate } = authority.chain(authority.issue([NAME, WWW]));
    await refused({ certificate, key: authority.issue([NAME]).key }, /https\.own\.key: is not the key of the certificate/);
    assert.equal(await hosts.sh("web-1", "ls -A /etc/fleetwright 2>/dev/null; true"), "");
  });

  test("it is served with its chain, by name and without one", async () => {
    const issued = authority.chain(authority.issue([NAME, WWW]));
    given.push(issued);
    await give(issued);
    const run = await up();
    assert.equal(run.code, 0, evidence(run));
    const curl = (host: string): string =>
      execFileSync(
        "curl",
        ["-sS", "--fail", "--max-time", "10", "--cacert", rootFile, "--resolve", `${host}:443:${login.address}`, "-L", `https://${host}/`],
        { encoding: "utf8" },
      );
    assert.match(curl(NAME), /^\d+$/);
    const status = await stack.fleet(["status", "--check"]);
    assert.equal(status.code, 0, evidence(status));
    assert.match(status.stdout, /Test authority, 19 d/);
    const strict = await stack.fleet(["status", "--check", "--days", "30"]);
    assert.equal(strict.code, 1, evidence(strict));
  });

  test("the key is root's and Caddy's, and in no state, manifest, journal or command line", async () => {
    const modes = await hosts.sh(
      "web-1",
      "cd /etc/fleetwright; stat -c '%a %U %G' tls tls/*; runuser -u fw-shop -- cat tls/* 2>&1 | grep -c 'Permission denied'; " +
        "runuser -u fw-caddy -- cat tls/own.* | grep -c 'PRIVATE KEY'",
    );
    assert.deepEqual(modes.split("\n"), ["750 root fw-caddy", "640 root fw-caddy", "1", "2"]);
    const keys = given.flatMap(({ key }) => keyLines(key));
    const exported = await stack.pulumi(["stack", "export"]);
    const state = readdirSync(join(project.folder, ".state"), { recursive: true, encoding: "utf8", withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    const texts = [
      exported.stdout,
      readFileSync(join(project.folder, "Pulumi.prod.yaml"), "utf8"),
      ...state.map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8")),
      await hosts.sh(
        "web-1",
        "journalctl --all -o export; cat /etc/fleetwright/caddy.json; grep -rs . /srv/shop/generations /var/lib/fleetwright; " +
          "cat /proc/*/cmdline /proc/*/environ | tr '\\0' '\\n'",
      ),
    ];
    for (const key of keys) for (const text of texts) assert.ok(!text.includes(key), "the key in plain text");
  });

  test("again, nothing changes; another certificate reloads Caddy, every process stays, no request is lost, the old key goes", async () => {
    const quiet = await up("--expect-no-changes");
    assert.equal(quiet.code, 0, evidence(quiet));
    const [before, pids] = [served(), await pidsOf()];
    const issued = authority.chain(authority.issue([NAME, WWW], 10));
    given.push(issued);
    await give(issued);
    const origin = `https://${login.address}`;
    const load = startLoad({ origin, servername: NAME, caPem: authority.root, requestsPerSecond: 40, maxRequests: 4_000 });
    const run = await up();
    const { sent, failures } = await load.stop();
    assert.equal(run.code, 0, evidence(run));
    assert.deepEqual(notOfReload(failures), []);
    assert.ok(sent > 50);
    assert.notEqual(served(), before);
    assert.equal(await pidsOf(), pids);
    assert.equal(await hosts.sh("web-1", "ls /etc/fleetwright/tls | wc -l"), "1");
    const check = await stack.fleet(["status", "--check"]);
    assert.equal(check.code, 1, evidence(check));
    assert.match(check.stderr, /web-1: the certificate for shop\.example\.org ends at .* \(9 d left\)/);
  });

  test("a scanner finds nothing under TLS 1.2, no weak cipher, and the right chain", async () => {
    const found = await scan(`${NAME}:443{${login.address}}`, rootFile);
    console.log(`sslyze: ${JSON.stringify(found)}`);
    assert.deepEqual(Object.keys(found.ciphers), ["TLS 1.2", "TLS 1.3"]);
    for (const cipher of Object.values(found.ciphers).flat())
      assert.match(cipher, /^TLS_(ECDHE_(ECDSA|RSA)_WITH_)?(AES_(128|256)_GCM|CHACHA20_POLY1305)_SHA(256|384)$/);
    assert.deepEqual(found.chain, { trusted: true, inOrder: true, matches: true, length: 2 });
    assert.deepEqual(found.weak, []);
  });
});

/** A PEM key's lines, each of which would give it away. */
const keyLines = (key: string): string[] => key.split("\n").filter((line) => /^[A-Za-z0-9+/=]{40,}$/.test(line));
