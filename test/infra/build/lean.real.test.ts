import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { bundleRuntimeSources } from "../../../infra/build/runtime-sources.ts";
import { emptyFolder, makeFolder } from "./folders.ts";

/** Measured: 13 MiB, of which Node alone has 8. Any of the things that were taken out costs more than what is between. */
const MOST_MIB = 16;

test(`a supervisor of four Node workers has at most ${MOST_MIB} MiB of its own`, { timeout: 60_000 }, async (t) => {
  const lib = emptyFolder(t);
  await bundleRuntimeSources(lib);
  const cwd = makeFolder(t, { "server.mjs": 'export default (_, response) => response.end("here");\n' });
  const flags = ["run", "--node", "server.mjs", "--workers", "4", "--port", "0", "--control", join(cwd, "control.sock")];
  const supervisor = spawn(process.execPath, [join(lib, "fleethost.mjs"), ...flags], { cwd, stdio: ["ignore", "ignore", "pipe"] });
  const exited = once(supervisor, "exit");
  const said: string[] = [];
  for await (const line of createInterface(supervisor.stderr)) {
    said.push(line);
    if (!line.includes("Ready: 4 of 4")) continue;
    const anonymous = Number(/^Pss_Anon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${supervisor.pid}/smaps_rollup`, "utf8"))?.[1]) / 1024;
    supervisor.kill("SIGTERM");
    assert.ok(anonymous > 0 && anonymous <= MOST_MIB, `${anonymous.toFixed(1)} MiB`);
  }
  assert.deepEqual((await exited)[0], 0, said.join("\n"));
});
