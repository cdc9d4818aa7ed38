/** `npm test`: makes the computer ready, then runs every test but the long ones, whole fleets last. */
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { prepareComputer } from "../infra/cli/computer.ts";

prepareComputer({ sshd: "openssh-server", curl: "curl", tini: "tini", unshare: "util-linux", pebble: "pebble", openssl: "openssl" });

const all = globSync(["test/**/*.test.ts", "bench/**/*.test.ts"]).filter((file) => !file.endsWith(".long.test.ts"));
const fleets = all.filter((file) => file.startsWith("test/fleet/"));

/** A fleet's machines share the cores with everything else: one fleet at a time. */
const phases = [
  { files: all.filter((file) => !fleets.includes(file)), concurrency: 2 },
  { files: fleets, concurrency: 1 },
];
const codes = phases.map(({ files, concurrency }) => {
  const args = ["--disable-warning=ExperimentalWarning", "--test", `--test-concurrency=${concurrency}`, ...files.sort()];
  return spawnSync(process.execPath, args, { stdio: "inherit" }).status ?? 1;
});
process.exit(Math.max(...codes));
