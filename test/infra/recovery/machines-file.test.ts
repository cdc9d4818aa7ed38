import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { FleetError } from "../../../infra/errors.ts";
import { machinesPath, readMachines } from "../../../infra/recovery/machines-file.ts";

const folder = mkdtempSync(join(tmpdir(), "fleetwright-machines-"));
after(() => rmSync(folder, { recursive: true }));

test("a machines' file is looked for where somebody typed its name, which npm's scripts don't run in", () => {
  const before = process.env.INIT_CWD;
  process.env.INIT_CWD = folder;
  try {
    assert.equal(machinesPath("dr.yaml"), join(folder, "dr.yaml"));
  } finally {
    if (before === undefined) delete process.env.INIT_CWD;
    else process.env.INIT_CWD = before;
  }
});

test("a machines' file that isn't there, is no YAML, or names none is told by the name that was typed", () => {
  const path = join(folder, "dr.yaml");
  const refused = (pattern: RegExp): void =>
    assert.throws(
      () => readMachines(path, "dr.yaml"),
      (error) => error instanceof FleetError && error.exitCode === 2 && pattern.test(error.message),
    );
  refused(/^the machines' file dr\.yaml can't be read: ENOENT[^]*What to do: /);
  writeFileSync(path, "machines: [");
  refused(/^the machines' file dr\.yaml can't be read: [^\n]+\nLeft as it is/);
  writeFileSync(path, "hallo");
  refused(/^dr\.yaml names no machines/);
  writeFileSync(path, "machines: {provider: local, count: 3}");
  assert.deepEqual(readMachines(path, "dr.yaml"), { provider: "local", count: 3 });
});
