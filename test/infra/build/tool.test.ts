import assert from "node:assert/strict";
import { test } from "node:test";
import { runTool } from "../../../infra/build/tool.ts";

test("a build's programs get no configuration of Pulumi's, whose secrets are in plain there", async (t) => {
  const given = { PULUMI_CONFIG: '{"a":"hush"}', PULUMI_CONFIG_PASSPHRASE: "hush" };
  Object.assign(process.env, given);
  t.after(() => {
    for (const name of Object.keys(given)) delete process.env[name];
  });
  for (const options of [{}, { env: { ...process.env, MORE: "more" } }]) {
    const { stdout } = await runTool("env", [], options);
    assert.match(stdout, /^PATH=/m);
    assert.doesNotMatch(stdout, /hush/);
  }
});
