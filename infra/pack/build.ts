/** `npm run build`: the library as JavaScript with declarations, and the runtime's own files bundled, in `dist/`. */
import { spawnSync } from "node:child_process";
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleRuntimeSources } from "../build/runtime-sources.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const dist = join(root, "dist");

rmSync(dist, { recursive: true, force: true });
const compiled = spawnSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", join(root, "tsconfig.build.json")], {
  stdio: "inherit",
});
if (compiled.status !== 0) process.exit(1);
await bundleRuntimeSources(join(dist, "runtime-bundle", "lib"));
// The Go modules that the command-line tools are built from where their downloads can't be reached.
cpSync(join(root, "infra/offline/go"), join(dist, "infra/offline/go"), { recursive: true });
