import assert from "node:assert/strict";
import { test } from "node:test";
import { parseFleet } from "../../../../infra/config/parse.ts";
import { ec2Machines } from "../../aws/samples.ts";
import { problemLines } from "../problem-lines.ts";

function problems(machines: object, https: object = {}, app: object = {}): string[] {
  return problemLines(() => parseFleet("web", { app: { dir: "app", ...app }, machines: { ...ec2Machines(), ...machines }, https }));
}

const records = { elasticIps: true, dns: { zone: "example.org" } };

test("a fleet on EC2 is accepted", () => {
  assert.deepEqual(problems({}), []);
  assert.deepEqual(problems(records, { domains: ["example.org", "{machine}.example.org"], redirects: ["www.example.org"] }), []);
});

test("problems of the machines are named by their whole path", () => {
  assert.match(problems({ images: {} })[0] ?? "", /^machines\.images\.x64: missing; "web-1" \(m7i\.large\)/);
});

test("every name has to be in the hosted zone of the records", () => {
  assert.match(
    problems(records, { domains: ["app.example.org", "notexample.org"] }).join(),
    /^https\.domains\.1: is "notexample\.org", which isn't in/,
  );
  assert.match(
    problems(records, { domains: ["example.org"], redirects: ["www.example.com"] }).join(),
    /^https\.redirects\.0: is "www\.example\.com"/,
  );
  assert.match(problems(records).join(), /^machines\.dns: has no domain to make records for/);
});

test("a public fleet opens nothing but 80 and 443", () => {
  assert.match(problems({}, { httpsPort: 8443 }).join(), /^https\.httpsPort: is 8443; only 443 is opened to everybody/);
  assert.deepEqual(problems({ access: "private", clients: ["10.0.0.0/8"] }, { httpPort: 8080, httpsPort: 8443 }), []);
});

test("an issuer's certificate for one name on several machines is refused, as the proof reaches any of them", () => {
  const acme = { mode: "acme", acme: { email: "ops@example.org" } };
  assert.match(problems({}, { ...acme, domains: ["app.example.org"] }).join(), /^https\.domains: app\.example\.org would be on 2 machines/);
  assert.deepEqual(problems({}, { ...acme, domains: ["{machine}.example.org"] }), []);
});

test("failover asks for a path, and for a certificate that both regions can have", () => {
  const failover = { elasticIps: true, dns: { zone: "example.org", failover: "primary" } };
  const health = { health: { path: "/healthz" } };
  const one = { ...failover, instances: ec2Machines().instances.slice(0, 1) };
  assert.deepEqual(problems(failover, { domains: ["app.example.org"] }, health), []);
  assert.match(
    problems(failover, { domains: ["app.example.org"] }).join(),
    /^app\.health\.path: missing; "machines\.dns\.failover" asks it/,
  );
  const acme = { mode: "acme", acme: { email: "ops@example.org" }, domains: ["app.example.org"] };
  assert.match(problems(one, acme, health).join(), /^https\.mode: "acme" can't work with "machines\.dns\.failover"/);
});
