import assert from "node:assert/strict";
import { test } from "node:test";
import { parseFleet } from "../../../infra/config/parse.ts";
import { backupFolder } from "../../../infra/rollout/acme-backups.ts";
import { newAccountKey } from "../../../infra/rollout/acme-account.ts";
import { isUnderWay } from "../../../infra/rollout/certificates.ts";
import { givenTls, httpsOf } from "../../../infra/rollout/tls.ts";
import { manifestSchema } from "../../../runtime/manifest.ts";
import { manifest } from "../../support/samples.ts";

const key = "a".repeat(64);
const machine = { name: "web-1", address: "192.0.2.1", domains: [] };
const config = (https: object) => parseFleet("web", { app: { dir: "shop" }, machines: { provider: "local", count: 1 }, https }).https;

test("with the machine's own authority, a certificate is for its address first, then for the domains", () => {
  assert.deepEqual(httpsOf(config({ domains: ["{machine}.example.org"] }), machine, {}, key).names, ["192.0.2.1", "web-1.example.org"]);
  const https = httpsOf(config({ domains: ["shop.example.org"], redirects: ["www.shop.example.org"] }), machine, {}, key);
  assert.deepEqual(
    [https.names, https.redirects],
    [["192.0.2.1", "shop.example.org", "www.shop.example.org"], { from: ["www.shop.example.org"], to: "shop.example.org" }],
  );
});

test("with an issuer, it is for names only", () => {
  const https = httpsOf(
    config({ mode: "acme", domains: ["shop.example.org"], acme: { email: "a@example.org", staging: true } }),
    machine,
    {},
    key,
  );
  assert.deepEqual([https.names, https.acme?.email], [["shop.example.org"], "a@example.org"]);
  assert.ok(manifestSchema.safeParse(manifest({ https })).success);
});

test("limits and trusted proxies reach the manifest", () => {
  const https = httpsOf(config({ mode: "none", trustedProxies: ["10.0.0.0/8"], limits: { headerKiB: 32 } }), machine, {}, key);
  assert.deepEqual([https.trustedProxies, https.limits?.headerKiB, https.limits?.bodyMiB], [["10.0.0.0/8"], 32, 512]);
  assert.ok(manifestSchema.safeParse(manifest({ https })).success);
});

test("a given key is in the manifest as a version only, which depends on the certificate, the key and the machine", () => {
  const known = { own: { certificate: "CERT", key: "KEY" }, eabKey: "MAC" };
  const of = (own: { certificate: string; key: string }, by = key) =>
    httpsOf({ ...config({ domains: ["shop.example.org"] }), mode: "own" }, machine, { own }, by).own?.version;
  const versions = [
    of(known.own),
    of({ certificate: "CERT", key: "OTHER" }),
    of({ certificate: "OTHER", key: "KEY" }),
    of(known.own, "b".repeat(64)),
  ];
  assert.equal(new Set(versions).size, 4);
  assert.equal(of({ certificate: "CERT\n", key: "\nKEY" }), versions[0]);
  assert.ok(!JSON.stringify(versions).includes("KEY"));
});

test("a certificate that was an Output is checked once it is known, for the names of every machine", () => {
  const own = { certificate: "none", key: "none" };
  assert.throws(
    () => givenTls(config({ domains: ["shop.example.org"] }), { own }, [machine], new Date()),
    /https\.own\.certificate: has no certificate in it/,
  );
  assert.equal(givenTls(config({}), {}, [machine], new Date()), undefined);
});

test("only what is still without an answer is waited for", () => {
  const report = {
    name: "a",
    state: "pending" as const,
    renews: true,
    issuer: null,
    notBefore: null,
    notAfter: null,
    error: null,
    failedAt: null,
  };
  assert.equal(isUnderWay([report]), true);
  assert.equal(
    isUnderWay([
      { ...report, error: "HTTP 403" },
      { ...report, state: "served" },
    ]),
    false,
  );
});

test("backups are in the operator's data folder, unless another one is named", () => {
  assert.equal(backupFolder({}, "/home/a"), "/home/a/.local/share/fleetwright/acme");
  assert.equal(backupFolder({ XDG_DATA_HOME: "/data" }, "/home/a"), "/data/fleetwright/acme");
  assert.equal(backupFolder({ FLEETWRIGHT_ACME_BACKUP: "/shared" }, "/home/a"), "/shared");
});

test("an account's key is another one each time, in the form that Caddy reads", () => {
  assert.match(newAccountKey(), /^-----BEGIN EC PRIVATE KEY-----\n/);
  assert.notEqual(newAccountKey(), newAccountKey());
});
