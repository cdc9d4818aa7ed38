/** `npm test`: makes the computer ready, then runs every test but the long ones, whole fleets last. */
import { spawnSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { prepareComputer } from "../infra/cli/computer.ts";

prepareComputer({
  also: { sshd: "openssh-server", curl: "curl", tini: "tini", unshare: "util-linux", pebble: "pebble", openssl: "openssl" },
});

const all = globSync(["test/**/*.test.ts", "bench/**/*.test.ts"]).filter((file) => !file.endsWith(".long.test.ts"));
const fleets = all.filter((file) => file.startsWith("test/fleet/"));

/** A fleet's machines share the cores with everything else: one fleet at a time. */
const phases = [
  { files: all.filter((file) => !fleets.includes(file)), concurrency: 2 },
  { files: fleets, concurrency: 1 },
];
const results = phases.map(({ files, concurrency }) => runTwice(files.sort(), concurrency));
const again = results.flatMap((result) => result.again);
if (again.length > 0) console.log(`Run a second time, alone, after a failure that is told above: ${again.join(", ")}`);
process.exit(Math.max(...results.map((result) => result.code)));

/**
 * Real processes on a shared, noisy computer meet hiccups that are nobody's fault. A file that failed gets one more try, with the
 * computer to itself; what fails then has failed. The first failure stays in the output, and the file is named at the end.
 */
function runTwice(files: readonly string[], concurrency: number): { code: number; again: string[] } {
  const first = runFiles(files, concurrency);
  // Failed without a failed file to show for it: the runner itself did.
  if (first.code === 0 || first.failed.length === 0) return { code: first.code, again: [] };
  console.log(`Once more, alone: ${first.failed.join(", ")}`);
  return { code: runFiles(first.failed, 1).code, again: first.failed };
}

function runFiles(files: readonly string[], concurrency: number): { code: number; failed: string[] } {
  const folder = mkdtempSync(join(tmpdir(), "fleetwright-run-"));
  const list = join(folder, "failed");
  const reporters = [
    ...["--test-reporter=spec", "--test-reporter-destination=stdout"],
    ...[`--test-reporter=${join(import.meta.dirname, "support/failed-files.ts")}`, `--test-reporter-destination=${list}`],
  ];
  const args = ["--disable-warning=ExperimentalWarning", "--test", `--test-concurrency=${concurrency}`, ...reporters, ...files];
  try {
    const code = spawnSync(process.execPath, args, { stdio: "inherit" }).status ?? 1;
    const failed = readFileSync(list, "utf8")
      .split("\n")
      .filter((line) => line !== "");
    return { code, failed: failed.map((file) => relative(process.cwd(), file)) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
