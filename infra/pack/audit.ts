/** `npm run audit`: known weaknesses of the packages that are shipped; says so where the registry answers no such question. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

interface Report {
  metadata?: { vulnerabilities?: Record<string, number> };
  vulnerabilities?: Record<string, { name: string; severity: string; range: string }>;
  message?: string;
}

const root = fileURLToPath(new URL("../../", import.meta.url));
const { stdout } = spawnSync("npm", ["audit", "--omit=dev", "--json"], { cwd: root, encoding: "utf8", timeout: 120_000 });
const report = parse(stdout);

if (report.metadata?.vulnerabilities === undefined) {
  console.log(
    "npm audit: not done, as this registry doesn't answer it. Nothing is known of the packages' weaknesses; ask again where it does.",
  );
} else {
  const found = Object.values(report.vulnerabilities ?? {});
  for (const { name, range, severity } of found) console.log(`${severity}: ${name} ${range}`);
  console.log(`npm audit: ${found.length} of the shipped packages have known weaknesses`);
  if (found.some(({ severity }) => severity === "high" || severity === "critical")) process.exitCode = 1;
}

function parse(text: string): Report {
  try {
    return JSON.parse(text) as Report;
  } catch {
    return {};
  }
}
