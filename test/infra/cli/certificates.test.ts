import assert from "node:assert/strict";
import { test } from "node:test";
import { certificateCell, certificateRemarks, certificateWarnings } from "../../../infra/cli/certificates.ts";
import type { CertificateReport } from "../../../runtime/report.ts";

const now = new Date("2026-06-01T00:00:00Z");
const inDays = (days: number): string => new Date(now.getTime() + days * 86_400_000).toISOString();
const report = (from: number, to: number, changed: Partial<CertificateReport> = {}): CertificateReport => ({
  name: "a.example.org",
  state: "served",
  renews: true,
  issuer: "R11",
  notBefore: inDays(from),
  notAfter: inDays(to),
  error: null,
  failedAt: null,
  ...changed,
});
const pending = report(0, 0, { state: "pending", issuer: null, notBefore: null, notAfter: null });

test("the table shows the issuer and the days of the certificate that ends first", () => {
  assert.equal(certificateCell([report(-1, 89), report(-60, 29.9)], now), "R11, 29 d");
  assert.equal(certificateCell([report(-0.1, 0.4)], now), "R11, 9 h");
  assert.equal(certificateCell([report(-90, -1)], now), "R11, expired");
  assert.equal(certificateCell([report(-1, 89, { error: "no" })], now), "R11, 89 d, not renewed");
  assert.equal(certificateCell([pending, report(-1, 89)], now), "1 of 2 pending");
  assert.equal(certificateCell([pending], now), "pending");
  assert.equal(certificateCell([], now), "-");
});

test("below it stands what the issuer said", () => {
  assert.deepEqual(certificateRemarks([report(-1, 89)]), []);
  assert.deepEqual(certificateRemarks([{ ...pending, error: "HTTP 403" }]), ["no certificate for a.example.org yet: HTTP 403"]);
  assert.match(
    certificateRemarks([report(-1, 89, { error: "HTTP 403", failedAt: "then" })]).join(),
    /could not be renewed at then, and goes on serving: HTTP 403/,
  );
});

test("--check objects to what is missing, ends soon or wasn't renewed", () => {
  const warnings = (one: CertificateReport, days = 14): number => certificateWarnings([one], days, now).length;
  assert.equal(warnings(report(-60, 30)), 0);
  assert.equal(warnings(report(-77, 13)), 1);
  assert.equal(warnings(report(-77, 13), 10), 0);
  assert.equal(warnings(report(-60, 30, { error: "no" })), 1);
  assert.equal(warnings(pending), 1);
});

test("a certificate for half a day or six is judged by its own time, unless it doesn't renew itself", () => {
  assert.equal(certificateWarnings([report(-0.2, 0.3)], 14, now).length, 0);
  assert.equal(certificateWarnings([report(-0.4, 0.1)], 14, now).length, 1);
  assert.equal(certificateWarnings([report(-1, 5)], 14, now).length, 0);
  assert.equal(certificateWarnings([report(-1, 5, { renews: false })], 14, now).length, 1);
});
