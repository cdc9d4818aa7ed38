/** What `fleet status` says of certificates. Pure. */
import type { CertificateReport } from "../../runtime/report.ts";

const DAY_MS = 86_400_000;

export const daysLeft = ({ notAfter }: CertificateReport, now: Date): number | undefined =>
  notAfter === null ? undefined : (Date.parse(notAfter) - now.getTime()) / DAY_MS;

/** A table's cell: the issuer and the days of the one that ends first; or what is missing. */
export function certificateCell(reports: readonly CertificateReport[], now: Date): string {
  const pending = reports.filter(({ state }) => state === "pending");
  if (pending.length > 0) return pending.length === reports.length ? "pending" : `${pending.length} of ${reports.length} pending`;
  const [first] = reports.toSorted((a, b) => (daysLeft(a, now) ?? 0) - (daysLeft(b, now) ?? 0));
  if (first === undefined) return "-";
  return `${first.issuer}, ${timeLeft(daysLeft(first, now) ?? 0)}${reports.some(({ error }) => error !== null) ? ", not renewed" : ""}`;
}

/** Hours where days say nothing: a machine's own authority gives certificates for half a day. */
function timeLeft(days: number): string {
  if (days < 0) return "expired";
  return days < 2 ? `${Math.floor(days * 24)} h` : `${Math.floor(days)} d`;
}

/** Lines below the table: what went wrong, in the issuer's words. */
export function certificateRemarks(reports: readonly CertificateReport[]): string[] {
  return reports.flatMap(({ name, state, error, failedAt }) => {
    if (state === "pending") return [`no certificate for ${name} yet: ${error ?? "it is being ordered"}`];
    return error === null ? [] : [`the certificate for ${name} could not be renewed at ${failedAt}, and goes on serving: ${error}`];
  });
}

/**
 * What `--check` objects to. Of a certificate that renews itself, and is for a short time, no more than a quarter must be left: it
 * is renewed with a third left.
 */
export function certificateWarnings(reports: readonly CertificateReport[], days: number, now: Date): string[] {
  return reports.flatMap((report) => {
    const left = daysLeft(report, now);
    if (left === undefined) return [`no certificate for ${report.name}`];
    const lifetime = (Date.parse(report.notAfter ?? "") - Date.parse(report.notBefore ?? "")) / DAY_MS;
    const least = report.renews ? Math.min(days, lifetime / 4) : days;
    if (left < least) return [`the certificate for ${report.name} ends at ${report.notAfter} (${timeLeft(left)} left)`];
    return report.error === null ? [] : [`the last renewal for ${report.name} failed`];
  });
}
