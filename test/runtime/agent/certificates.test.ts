/** Certificates on a machine: what Caddy is told, what it wrote down, and where its storage has what. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Https } from "../../../runtime/https.ts";
import { accountFiles, certificateFolder, issuerKey } from "../../../runtime/agent/acme-layout.ts";
import { renderCaddyConfig } from "../../../runtime/agent/caddy.ts";
import { orderFailures } from "../../../runtime/agent/certificate-log.ts";
import { urlsOf } from "../../../runtime/agent/status.ts";
import { tlsPaths } from "../../../runtime/agent/tls-files.ts";
import { pathsUnder } from "../../../runtime/agent/paths.ts";
import { manifest } from "../../support/samples.ts";

const version = "1".repeat(32);
const base = { names: ["a.example.org", "www.example.org"], httpPort: 80, httpsPort: 443 };
const acme: Https = { ...base, mode: "acme", acme: { directory: "https://ca.example.org:14000/dir", email: "Ops@example.org" } };
const config = (https: Https) => JSON.parse(renderCaddyConfig(manifest({ https })));

test("an issuer's account is looked for where it was put, by its directory and e-mail", () => {
  assert.equal(issuerKey("https://acme-v02.api.letsencrypt.org/directory"), "acme-v02.api.letsencrypt.org-directory");
  assert.equal(issuerKey("https://ca.example.org:14000/a/dir/"), "ca.example.org-14000-a-dir");
  assert.deepEqual(accountFiles({ directory: "https://ca.example.org/dir", email: "Ops+web@example.org" }), {
    registration: "acme/ca.example.org-dir/users/ops_plus_web@example.org/ops_plus_web.json",
    key: "acme/ca.example.org-dir/users/ops_plus_web@example.org/ops_plus_web.key",
  });
  assert.equal(certificateFolder("https://ca.example.org/dir", "../../etc"), "certificates/ca.example.org-dir/etc");
});

test("keys and MAC keys are in Caddy's configuration as paths only", () => {
  const given: Https = { ...acme, acme: { ...acme.acme!, caRoot: "PEM", eab: { keyId: "kid", version }, renewAtPart: 0.5 } };
  const [policy] = config(given).apps.tls.automation.policies;
  const [issuer] = policy.issuers;
  assert.deepEqual([policy.subjects, policy.renewal_window_ratio, issuer.ca], [base.names, 0.5, given.acme?.directory]);
  assert.deepEqual(issuer.external_account, { key_id: "kid", mac_key: `{file./etc/fleetwright/tls/eab.${version}.key}` });
  assert.deepEqual([...issuer.trusted_roots_pem_files, `/etc/fleetwright/tls/eab.${version}.key`], tlsPaths(pathsUnder(), given));
  assert.equal(issuer.account_key, undefined);
  const path = `/etc/fleetwright/tls/own.${version}.pem`;
  assert.deepEqual(config({ ...base, mode: "own", own: { version } }).apps.tls, {
    certificates: { load_files: [{ certificate: path, key: path, format: "pem" }] },
  });
});

test("what becomes of orders is written down with an issuer, and nowhere else", () => {
  assert.deepEqual(config(acme).logging.logs.certificates.include, ["tls.obtain", "tls.renew"]);
  assert.equal(config({ ...base, mode: "internal" }).logging, undefined);
});

test("redirected names come before the app, and aren't among the URLs", () => {
  const https: Https = {
    ...acme,
    redirects: { from: ["www.example.org"], to: "a.example.org" },
    hsts: { maxAgeS: 60, includeSubDomains: true, preload: false },
  };
  const [, hsts, redirect, ...others] = config(https).apps.http.servers.https.routes;
  const rest = others.at(-1);
  assert.deepEqual(hsts.handle[0].response.set, { "Strict-Transport-Security": ["max-age=60; includeSubDomains"] });
  assert.deepEqual([redirect.match, redirect.terminal, redirect.handle[0].status_code], [[{ host: ["www.example.org"] }], true, 308]);
  assert.deepEqual(redirect.handle[0].headers.Location, ["https://a.example.org{http.request.uri}"]);
  assert.equal(rest.handle[0].handler, "reverse_proxy");
  assert.deepEqual(urlsOf(https), ["https://a.example.org"]);
  assert.equal(config(acme).apps.http.servers.https.routes.length, others.length + 1, "without either, only what is there for every app");
});

test("the last word about a name counts, in the issuer's own words", () => {
  const line = (entry: object) => JSON.stringify({ ts: 1_700_000_000, level: "error", logger: "tls.renew", ...entry });
  const denied =
    "[a.example.org] Renew: [a.example.org] solving challenges: HTTP 403 urn:ietf:params:acme:error:unauthorized - no (ca=https://ca/dir)";
  const log = [
    line({ level: "info", msg: "certificate obtained successfully", identifier: "b.example.org" }),
    line({ msg: "will retry", error: denied }),
    line({ msg: "could not get certificate from issuer", identifier: "b.example.org", error: "HTTP 429\nslow down" }),
    "half a lin",
  ];
  const failures = orderFailures(log.join("\n"));
  assert.deepEqual(failures.get("a.example.org"), {
    at: "2023-11-14T22:13:20.000Z",
    error: "solving challenges: HTTP 403 urn:ietf:params:acme:error:unauthorized - no",
  });
  assert.equal(failures.get("b.example.org")?.error, "HTTP 429 slow down");
  log.push(line({ level: "info", msg: "certificate renewed successfully", identifier: "a.example.org" }));
  assert.deepEqual([...orderFailures(log.join("\n")).keys()], ["b.example.org"]);
});
