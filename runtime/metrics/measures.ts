/** What is measured, out of what the machine says of itself. Pure. */
import type { X509Certificate } from "node:crypto";

/** Of statfs(2). */
export interface DiskFacts {
  blocks: number;
  bfree: number;
  bavail: number;
  files: number;
  ffree: number;
}

/** How full the fullest is, in bytes or in files, as df(1) counts: what only root may use is no room. */
export function fullestPercent(disks: readonly DiskFacts[]): number {
  return Math.max(
    0,
    ...disks.flatMap(({ blocks, bfree, bavail, files, ffree }) => [
      share(blocks - bfree, blocks - bfree + bavail),
      // File systems that make their inodes as they need them have none to count.
      share(files - ffree, files),
    ]),
  );
}

const share = (used: number, all: number): number => (all <= 0 ? 0 : Math.ceil((used / all) * 100));

const DAY_MS = 86_400_000;

/**
 * Of the certificate that ends first, in days; never less than 0.
 * @param served for each name; undefined where it has none: for its clients that is the same as one that has ended
 */
export function fewestDaysLeft(served: readonly (Pick<X509Certificate, "validToDate"> | undefined)[], now: Date): number {
  const left = served.map((certificate) => (certificate === undefined ? 0 : (certificate.validToDate.getTime() - now.getTime()) / DAY_MS));
  return Math.max(0, Math.min(...left));
}
