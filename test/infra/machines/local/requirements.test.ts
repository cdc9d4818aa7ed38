import assert from "node:assert/strict";
import { test } from "node:test";
import { requireLocalMachines } from "../../../../infra/machines/local/requirements.ts";

test("macOS and Windows are told what is needed instead", () => {
  assert.throws(() => requireLocalMachines({ platform: "darwin", uid: 501, missing: [] }), /need Linux.*darwin[\s\S]*Linux VM/);
});

test("an ordinary user is told to be root", () => {
  assert.throws(() => requireLocalMachines({ platform: "linux", uid: 1000, missing: [] }), /need root[\s\S]*sudo npm run local/);
});

test("missing programs end in the exact command", () => {
  assert.throws(
    () => requireLocalMachines({ platform: "linux", uid: 0, missing: ["mmdebstrap", "systemd-container"] }),
    /apt-get install --yes --no-install-recommends mmdebstrap systemd-container$/,
  );
});

test("root on Linux with all programs may go on", () => {
  requireLocalMachines({ platform: "linux", uid: 0, missing: [] });
});
