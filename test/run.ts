/** `npm test`: makes the computer ready, then runs every test but the long ones, the fleets last. */
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { prepareComputer } from "../infra/cli/computer.ts";

prepareComputer({ sshd: "openssh-server", curl: "curl" });

const all = globSync("test/**/*.test.ts").sort();
const real = all.filter((file) => file.endsWith(".real.test.ts"));
const fleets = real.filter((file) => file.startsWith("test/fleet/"));
const unit = all.filter((file) => !/\.(real|long)\.test\.ts$/.test(file));
// One file at a time: real processes on two cores would measure each other.
const files = [...unit, ...real.filter((file) => !fleets.includes(file)), ...fleets];
const result = spawnSync(process.execPath, ["--test", "--test-concurrency=1", ...files], { stdio: "inherit" });
process.exit(result.status ?? 1);
