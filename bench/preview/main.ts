/** `npm run bench:preview`: how long a preview takes, and what memory the program, as the fleet grows; beside a bare program. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";

interface Took {
  seconds: number;
  resources: number;
  programMiB: number;
}

const sizes = process.argv.slice(2).map(Number);

function preview(what: "fleet" | "bare", count: number): Took {
  const args = ["--disable-warning=ExperimentalWarning", join(import.meta.dirname, "one.ts"), what, String(count)];
  const printed = execFileSync(process.execPath, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"], maxBuffer: 1 << 28 });
  return JSON.parse(printed.trim().split("\n").at(-1) ?? "") as Took;
}

const shown = ({ seconds, resources, programMiB }: Took): string =>
  `${resources} resources, ${seconds.toFixed(1)} s, ${programMiB.toFixed(0)} MiB`;

for (const count of sizes.length > 0 ? sizes : [10, 100, 1_000]) {
  const [bare, fleet] = [preview("bare", count), preview("fleet", count)];
  console.log(`${count} machines: fleet: ${shown(fleet)}; bare: ${shown(bare)}; ${(fleet.seconds / bare.seconds).toFixed(2)} times`);
}
