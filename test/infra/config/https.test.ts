/** What is refused under `https`, by key path and with the mend, before anything is touched. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { namesOf } from "../../../infra/config/https-names.ts";
import { ownCertificateFindings } from "../../../infra/config/own-certificate.ts";
import { parseFleet } from "../../../infra/config/parse.ts";
import { Authority } from "../../support/authority.ts";

const folder = mkdtempSync(join(tmpdir(), "fleetwright-authority-"));
after(() => rmSync(folder, { recursive: true }));
const authority = new Authority(folder);
const now = new Date();

const local = (count = 1) => ({ provider: "local", count });
const host = (name: string, domains: string[] = []) => ({
  name,
  address: `192.0.2.${name.length}${name.at(-1)}`,
  hostKey: "ssh-ed25519 AAAA",
  domains,
});
const hosts = (...all: object[]) => ({ provider: "hosts", hosts: all });
const acme = { email: "ops@example.org" };

function refusal(https: object, machines: object = local()): string {
  try {
    parseFleet("web", { app: { dir: "app" }, machines, https });
  } catch (error) {
    return (error as Error).message;
  }
  return "";
}

const parsed = (https: object, machines: object = local()) => parseFleet("web", { app: { dir: "app" }, machines, https }).https;

test("without more, the issuer is Let's Encrypt; staging is its staging", () => {
  assert.equal(
    parsed({ mode: "acme", domains: ["a.example.org"], acme }).acme?.directory,
    "https://acme-v02.api.letsencrypt.org/directory",
  );
  const staging = parsed({ mode: "acme", domains: ["a.example.org"], acme: { ...acme, staging: true } });
  assert.equal(staging.acme?.directory, "https://acme-staging-v02.api.letsencrypt.org/directory");
  const both = { ...acme, staging: true, directory: "https://ca.example.org/dir" };
  assert.match(refusal({ mode: "acme", domains: ["a.example.org"], acme: both }), /https\.acme\.staging: .*keep one of them/);
});

test("what was parsed may be given to a fleet again", () => {
  const once = parsed({ mode: "acme", domains: ["a.example.org"], acme: { ...acme, staging: true }, hsts: {} });
  assert.deepEqual(parsed(once), once);
});

test("a mode has what it needs, and nothing of another", () => {
  assert.match(refusal({ mode: "acme", domains: ["a.example.org"] }), /https\.acme: missing/);
  assert.match(refusal({ mode: "own", domains: ["a.example.org"] }), /https\.own: missing/);
  assert.match(refusal({ acme }), /https\.acme: goes with "mode: acme"/);
  assert.match(refusal({ own: { certificate: "x", key: "y" } }), /https\.own: goes with "mode: own"/);
  assert.match(refusal({ mode: "none", hsts: {} }), /https\.hsts/);
  assert.match(refusal({ mode: "acme", acme }), /https\.domains: is empty/);
  for (const name of ["Shop.example", "shop", "{other}.example.org", "-a.example.org", "a.example.0", `${"a".repeat(64)}.example.org`])
    assert.match(refusal({ domains: [name] }), /https\.domains\.0: given ".*; allowed: a domain name/, name);
  for (const name of ["{machine}.example.org", "a-{machine}.example.org", "xn--bcher-kva.example"])
    assert.deepEqual(parsed({ domains: [name] }).domains, [name]);
  assert.match(refusal({ redirects: ["www.example.org"] }), /https\.redirects: needs a name to lead to/);
});

test("an unknown key under https is told with the one that was meant", () => {
  assert.match(
    refusal({ mode: "acme", domains: ["a.example.org"], acme: { ...acme, directori: "x" } }),
    /https\.acme\.directori: unknown key; did you mean "directory"\?/,
  );
});

test("the browsers' list wants a year and the subdomains", () => {
  assert.match(refusal({ hsts: { preload: true } }), /https\.hsts\.preload/);
  assert.equal(refusal({ hsts: { preload: true, includeSubDomains: true } }), "");
});

test("with an issuer, one name on several machines is refused with the mend", () => {
  assert.match(
    refusal({ mode: "acme", domains: ["app.example.org"], acme }, local(2)),
    /https\.domains: app\.example\.org would be on 2 machines; .*\{machine\}\.example\.org/,
  );
  assert.match(
    refusal({ mode: "acme", domains: ["{machine}.example.org"], redirects: ["www.example.org"], acme }, local(2)),
    /https\.redirects: www\.example\.org would be on 2/,
  );
  assert.equal(refusal({ mode: "acme", domains: ["app.example.org"], acme }, local(1)), "");
  assert.equal(refusal({ mode: "acme", domains: ["{machine}.example.org"], acme }, local(2)), "");
  assert.equal(refusal({ mode: "internal", domains: ["app.example.org"] }, local(2)), "");
  assert.match(
    refusal({ mode: "acme", acme }, hosts(host("a1", ["x.example.org"]), host("b2", ["x.example.org"]))),
    /machines\.hosts\.1\.domains: x\.example\.org is a1's, too/,
  );
  assert.match(
    refusal({ mode: "acme", acme }, hosts(host("a1", ["x.example.org"]), host("b2"))),
    /https\.domains: is empty.*without one: b2/,
  );
});

test("a name that is another machine's by its placeholder is found, too", () => {
  const https = { mode: "acme", domains: ["{machine}.example.org"], acme };
  assert.match(
    refusal(https, hosts(host("a1"), host("b2", ["a1.example.org"]))),
    /machines\.hosts\.1\.domains: a1\.example\.org is a1's, too/,
  );
  assert.equal(refusal(https, hosts(host("a1"), host("b2", ["b2.example.org"]))), "");
});

test("a machine's own names come first, each name once", () => {
  const https = { domains: ["{machine}.example.org", "all.example.org"], redirects: ["www.{machine}.example.org", "all.example.org"] };
  assert.deepEqual(namesOf(https, "web-1", ["shop.example.org"]), {
    domains: ["shop.example.org", "web-1.example.org", "all.example.org"],
    redirects: ["www.web-1.example.org"],
  });
});

test("a given certificate that is right has nothing against it; a wildcard counts", () => {
  const names = ["a.example.org", "b.example.org"];
  assert.deepEqual(ownCertificateFindings(authority.chain(authority.issue(names)), names, now), []);
  assert.deepEqual(ownCertificateFindings(authority.issue(["*.example.org"]), names, now), []);
});

test("what is wrong with a given certificate is told by key path", () => {
  const names = ["a.example.org"];
  const good = authority.issue(names);
  const findings = (certificate: string, key: string, at = now) =>
    ownCertificateFindings({ certificate, key }, names, at).map(({ path, message }) => `${path.join(".")}: ${message}`);
  const only = (found: string[], reason: RegExp) => assert.ok(found.length === 1 && reason.test(found[0] ?? ""), found.join("\n"));
  only(findings("nothing", good.key), /^https\.own\.certificate: has no certificate in it/);
  only(findings(good.certificate.replace("MI", "XX"), good.key), /^https\.own\.certificate: can't be read/);
  only(findings(good.certificate, "nothing"), /^https\.own\.key: can't be read/);
  only(findings(good.certificate, `-----BEGIN ENCRYPTED PRIVATE KEY-----\n`), /^https\.own\.key: is encrypted/);
  only(findings(good.certificate, authority.issue(names).key), /^https\.own\.key: is not the key/);
  only(
    findings(good.certificate + authority.root, good.key),
    /^https\.own\.certificate: is out of order: certificate 2 didn't sign certificate 1/,
  );
  only(findings(authority.intermediate + good.certificate, good.key), /begins with an authority's/);
  only(findings(good.certificate, good.key, new Date(now.getTime() + 25 * 86_400_000)), /expired on \d{4}-/);
  only(findings(good.certificate, good.key, new Date(now.getTime() - 3 * 86_400_000)), /not valid before/);
  const other = authority.issue(["b.example.org"]);
  only(findings(other.certificate, other.key), /is not for a\.example\.org; it is for b\.example\.org/);
});

test("nothing of a given key is repeated", () => {
  const { certificate, key } = authority.issue(["a.example.org"]);
  const body = key.replaceAll(/-----.*-----|\n/g, "");
  for (const own of [body, { certificate, key: [key] }, { certificate, key, more: key }, { certificate, key: key.slice(0, 200) }]) {
    const said = refusal({ mode: "own", domains: ["a.example.org"], own });
    assert.notEqual(said, "");
    for (const line of key.split("\n").filter((text) => /^[A-Za-z0-9+/=]{20,}$/.test(text)))
      assert.ok(!said.includes(line.slice(0, 20)), said);
  }
});

test("limits have a default each; a mistake in one is told with what is allowed", () => {
  const { limits, trustedProxies } = parsed({ limits: { bodyMiB: 100 } });
  assert.deepEqual(trustedProxies, []);
  assert.deepEqual(limits, {
    headerKiB: 16,
    bodyMiB: 100,
    headerTimeoutMs: 20_000,
    readTimeoutMs: 60_000,
    writeTimeoutMs: 60_000,
    idleTimeoutMs: 300_000,
  });
  assert.match(refusal({ limits: { bodyMib: 1 } }), /https\.limits\.bodyMib: unknown key; did you mean "bodyMiB"\?/);
  assert.match(refusal({ limits: { headerTimeoutMs: 0 } }), /https\.limits\.headerTimeoutMs: given 0; allowed: 1 or more/);
});

test("trusted proxies are ranges of addresses, never all of them", () => {
  const good = ["10.0.0.0/8", "192.0.2.7/32", "fd00::/8", "2001:db8::1/128"];
  assert.deepEqual(parsed({ mode: "none", trustedProxies: good }).trustedProxies, good);
  for (const bad of [
    "10.0.0.1",
    "10.0.0.0/33",
    "balancer.example",
    "0.0.0.0/0",
    "::/0",
    "::/00",
    "10.0.0.0/8 ",
    "1:2::3::4/64",
    "private_ranges",
    "{env.X}/8",
  ])
    assert.match(refusal({ trustedProxies: [bad] }), /https\.trustedProxies\.0: given .*; allowed: a range of addresses such as/, bad);
});
