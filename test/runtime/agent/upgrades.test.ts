import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { renderRebootTimer, renderRebootUnit } from "../../../runtime/agent/baseline/reboots.ts";
import { renderUpgrades } from "../../../runtime/agent/baseline/upgrades.ts";
import { sampleManifest } from "./sample-manifest.ts";

const noApt = spawnSync("apt-config", ["--version"]).status !== 0;

test("apt itself reads the file: security updates only, whatever the package's own file allows, and no restart", { skip: noApt }, (t) => {
  const folder = mkdtempSync(join(tmpdir(), "fleetwright-apt-"));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(
    join(folder, "50unattended-upgrades"),
    'Unattended-Upgrade::Origins-Pattern { "origin=*"; };\nUnattended-Upgrade::Allowed-Origins { "Other:stable"; };\n' +
      'Unattended-Upgrade::Automatic-Reboot "true";\n',
  );
  writeFileSync(join(folder, "60fleetwright-upgrades"), renderUpgrades());
  const main = join(folder, "main");
  writeFileSync(main, `Dir::Etc::Parts "${folder}";\nDir::Etc::Main "/dev/null";\n`);
  const dump = execFileSync("apt-config", ["dump"], { encoding: "utf8", env: { ...process.env, APT_CONFIG: main } });
  const origins = dump.split("\n").filter((line) => /Origins(-Pattern)?::/.test(line));
  assert.equal(origins.length, 2, dump);
  for (const line of origins) assert.match(line, /origin=Debian,codename=\$\{distro_codename\}(-security)?,label=Debian-Security/);
  assert.match(dump, /^Unattended-Upgrade::Automatic-Reboot "false";$/m);
  assert.match(dump, /^APT::Periodic::Unattended-Upgrade "1";$/m);
});

test("the timer rings at the machine's own time, and the service asks the current agent", () => {
  const manifest = sampleManifest({});
  const reboots = { days: ["mon" as const], fromMinute: 180, minutes: 60, slot: { index: 1, count: 2 } };
  assert.match(renderRebootTimer({ hardening: { reboots } }), /^OnCalendar=mon 03:30:00 UTC$/m);
  assert.match(renderRebootUnit(manifest), /^ExecStart=\/opt\/fleetwright\/current\/bin\/fleethost reboot-if-due --app \w+$/m);
});
